// `kurir doctor`: looks at everything a gateway needs and says of each fault what to do. Exit code 8 when something is wrong.
import { ConfigError, readConfig, type Config } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import type { Context } from '../context.ts';
import { requireFittingSecret, WrongSecret } from '../organisations/sealed-secrets.ts';
import { DirectoryHeld, FolderUnusable, readRuntime } from '../storage/data-directory.ts';
import { complaintOf, EXIT } from './complain.ts';
import { examineDatabase } from './examine-database.ts';
import { examineClock, examineGraph } from './examine-meta.ts';
import { examineMedia } from './examine-media.ts';
import { examineNumbers } from './examine-numbers.ts';
import { examinePooler } from './examine-pooler.ts';
import { describePlaces, isReachable, publicUrlOf } from './describe-places.ts';
import type { Finding } from './finding.ts';
import { visible, type Terminal } from './terminal.ts';
import { NO_DATA, withTables } from './with-tables.ts';

/** Returns the exit code. */
export async function doctor(terminal: Terminal): Promise<number> {
  const findings = await terminal.wait('Looking ...', examine());
  terminal.result({ ok: !hasFailed(findings), findings }, () => shown(terminal, findings));
  return hasFailed(findings) ? EXIT.expectation : EXIT.ok;
}

async function examine(): Promise<Finding[]> {
  const settings = examineSettings();
  if (!settings.config) return settings.findings;
  const { config } = settings;
  const gateway = await examineGateway(config);
  const tested = describePlaces(config);
  try {
    const tables = await withTables(async (ctx) => {
      const graph = await examineGraph(ctx, tested.graph);
      return [
        ...(await examineDatabase(ctx, tested.database)),
        ...(await examinePooler(ctx)),
        await examineClock(ctx),
        await examineSecret(ctx),
        graph,
        ...(await examineMedia(ctx)),
        ...(await examineNumbers(ctx, { answers: graph.state !== 'failed' })),
      ];
    });
    return [...settings.findings, gateway, ...tables];
  } catch (error) {
    return [...settings.findings, gateway, unopened(error, tested.database)];
  }
}

// What kept us from the tables is not always the database.
function unopened(error: unknown, database: string): Finding {
  const { code, message: says } = complaintOf(error);
  if (code === NO_DATA) return { name: 'data directory', state: 'warning', says };
  if (error instanceof FolderUnusable)
    return {
      name: 'data directory',
      state: 'failed',
      says,
      todo: 'Set KURIR_DATA_DIR, or give it to this user.',
    };
  if (error instanceof DirectoryHeld)
    return { name: 'data directory', state: 'failed', says, todo: 'Ask again in a moment.' };
  if (error instanceof WrongSecret || error instanceof ConfigError)
    return {
      name: 'secret',
      state: 'failed',
      says: says.replaceAll(/\n\s*/g, ' '),
      todo: 'Set KURIR_SECRET, or KURIR_SECRET_FILE.',
    };
  return {
    name: 'database',
    state: 'failed',
    says: `${says} (tested: ${database})`,
    todo: 'Start it, or set DATABASE_URL right.',
  };
}

async function examineSecret(ctx: Context): Promise<Finding> {
  const name = 'secret';
  try {
    await requireFittingSecret(ctx);
    return { name, state: 'ok', says: 'opens what is sealed in the database' };
  } catch (error) {
    if (!(error instanceof WrongSecret)) throw error;
    return {
      name,
      state: 'failed',
      says: error.message,
      todo: 'Set KURIR_SECRET, or KURIR_SECRET_FILE. Is it lost, give every number its token anew: kurir numbers set --help',
    };
  }
}

function examineSettings(): { config?: Config; findings: Finding[] } {
  try {
    const { config } = readConfig(processEnvironment(), 'production');
    return {
      config,
      findings: [{ name: 'settings', state: 'ok', says: 'can be used' }, examinePublicUrl(config)],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.complaints.map(({ name, problem, example }): Finding => ({
      name: 'settings',
      state: 'failed',
      says: `${name} ${problem}`,
      todo: `For example ${name}=${example}`,
    }));
    return { findings };
  }
}

function examinePublicUrl(config: Config): Finding {
  const publicUrl = publicUrlOf(config, readRuntime(config.dataDir));
  if (isReachable(publicUrl)) return { name: 'public address', state: 'ok', says: publicUrl };
  return {
    name: 'public address',
    state: 'warning',
    says: `${publicUrl} is nothing that Meta can call`,
    todo: 'In production, set KURIR_PUBLIC_URL to the https address that leads here.',
  };
}

const ANSWER_WAIT_MS = 5_000;
const LINE_CHARACTERS = 1_000;

async function examineGateway({ dataDir }: Config): Promise<Finding> {
  const runtime = readRuntime(dataDir);
  if (!runtime)
    return {
      name: 'gateway',
      state: 'warning',
      says: `none runs on ${dataDir}`,
      todo: 'Start one: kurir dev, or kurir start.',
    };
  try {
    const answer = await fetch(`${runtime.url}/health/ready`, {
      signal: AbortSignal.timeout(ANSWER_WAIT_MS),
    });
    if (answer.ok)
      return { name: 'gateway', state: 'ok', says: `${runtime.url} is ready (process ${runtime.pid})` };
    return {
      name: 'gateway',
      state: 'failed',
      says: `${runtime.url} is not ready: ${(await answer.text()).slice(0, 300)}`,
      todo: 'Its log says more.',
    };
  } catch {
    return {
      name: 'gateway',
      state: 'failed',
      says: `${runtime.url} does not answer (process ${runtime.pid})`,
      todo: 'Look at its log, or stop it and start it again.',
    };
  }
}

function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.state === 'failed');
}

function shown({ style }: Terminal, findings: readonly Finding[]): string {
  const marks = { ok: style.green('✓'), warning: style.yellow('!'), failed: style.red('✗') };
  const lines = findings.map(
    ({ name, state, says, todo }) =>
      `${marks[state]} ${name.padEnd(16)} ${visible(says, LINE_CHARACTERS)}${todo === undefined ? '' : `\n${' '.repeat(19)}→ ${visible(todo, LINE_CHARACTERS)}`}`,
  );
  return lines.join('\n');
}
