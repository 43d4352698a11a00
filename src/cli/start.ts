// `kurir start`: the gateway in production, on DATABASE_URL or on a PostgreSQL of its own, against Meta itself.
import { readConfig } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import { startNode } from './run-node.ts';
import type { Terminal } from './terminal.ts';
import { catchStopSignals } from './stop-signals.ts';

const STOP_SLACK_MS = 5_000;

/** Runs until it is told to stop; returns the exit code. */
export async function start(terminal: Terminal): Promise<number> {
  const signals = catchStopSignals();
  const chosen = readConfig(processEnvironment(), 'production');
  const { dataDir } = chosen.config;
  const directory = await terminal.wait(`Waiting for ${dataDir} ...`, openDataDirectory(dataDir));
  const node = await terminal.wait('Starting Kurir ...', startNode({ ...chosen, directory }));
  const { publicUrl } = chosen.config;
  if (terminal.json)
    terminal.result({ url: node.url, publicUrl, nodeId: directory.nodeId, pid: process.pid }, () => '');
  else
    terminal.note(
      `Kurir listens on ${node.url}. Meta's webhooks go to ${publicUrl}/webhooks/meta. \`kurir doctor\` checks the rest.`,
    );
  return signals.untilStopped(terminal, () => node.stop(), chosen.config.shutdownMs + STOP_SLACK_MS);
}
