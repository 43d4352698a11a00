// Where `kurir doctor` looks, and which setting sent it there. A password is never shown.
import { webAddress, type Config } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { META_GRAPH_URL, SETTINGS } from '../config/settings.ts';
import { readRuntime, type Runtime } from '../storage/data-directory.ts';

export interface Places {
  database: string;
  graph: string;
}

export function describePlaces(config: Config): Places {
  // With a database of its own the command does not ask the gateway that runs.
  const runtime = config.databaseUrl === undefined ? readRuntime(config.dataDir) : undefined;
  return {
    database: describeDatabase(config, runtime?.databaseUrl),
    graph: describeGraph(config, runtime?.graphUrl),
  };
}

function describeDatabase({ databaseUrl, dataDir }: Config, running: string | undefined): string {
  if (databaseUrl !== undefined)
    return `${placeOf(databaseUrl)}, from ${nameGiven(SETTINGS.databaseUrl.name)}`;
  if (running !== undefined) return `${placeOf(running)}, as the gateway that runs has it`;
  return `Kurir's own in ${dataDir}, since DATABASE_URL is not set`;
}

function describeGraph({ graphUrl }: Config, running: string | undefined): string {
  if (running !== undefined) return `${running}, as the gateway that runs has it`;
  if (graphUrl === META_GRAPH_URL && processEnvironment()[SETTINGS.graphUrl.name] === undefined)
    return `${graphUrl}, since KURIR_GRAPH_URL is not set`;
  return `${graphUrl}, from KURIR_GRAPH_URL`;
}

function placeOf(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `${hostname}:${port === '' ? '5432' : port}, database ${decodeURIComponent(pathname.slice(1))}`;
}

function nameGiven(name: string): string {
  return processEnvironment()[`${name}_FILE`] ? `${name}_FILE` : name;
}

/** Where the gateway is reached: what is set, else what the one that runs says. */
export function publicUrlOf(
  { publicUrl, host, port }: Config,
  runtime: Pick<Runtime, 'publicUrl'> | undefined,
): string {
  return publicUrl === webAddress(host, port) ? (runtime?.publicUrl ?? publicUrl) : publicUrl;
}

/** Whether Meta can call it: it calls only https, and nothing of this computer. */
export function isReachable(publicUrl: string): boolean {
  const { hostname, protocol } = new URL(publicUrl);
  return protocol === 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}
