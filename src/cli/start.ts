// `kurir start`: the gateway in production, on DATABASE_URL or on a PostgreSQL of its own, against Meta itself.
import { onPorts, readConfig } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import { freePort } from '../storage/free-port.ts';
import { startNode } from './run-node.ts';
import type { Terminal } from './terminal.ts';
import { catchStopSignals } from './stop-signals.ts';

const STOP_SLACK_MS = 5_000;

/** Runs until it is told to stop; returns the exit code. */
export async function start(terminal: Terminal): Promise<number> {
  const signals = catchStopSignals();
  const { config: given, secrets } = readConfig(processEnvironment(), 'production');
  const config =
    given.port === 0 ? onPorts(given, { port: await freePort(), simulatorPort: given.simulatorPort }) : given;
  const { dataDir, publicUrl } = config;
  const directory = await terminal.wait(`Waiting for ${dataDir} ...`, openDataDirectory(dataDir));
  const node = await terminal.wait('Starting Kurir ...', startNode({ config, secrets, directory }));
  if (terminal.json)
    terminal.result({ url: node.url, publicUrl, nodeId: directory.nodeId, pid: process.pid }, () => '');
  else
    terminal.note(
      `Kurir listens on ${node.url}. Meta's webhooks go to ${publicUrl}/webhooks/meta. \`kurir doctor\` checks the rest.`,
    );
  return signals.untilStopped(terminal, () => node.stop(), config.shutdownMs + STOP_SLACK_MS);
}
