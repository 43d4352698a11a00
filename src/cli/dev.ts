// `kurir dev`: the whole of it on this computer, with nothing set up. A PostgreSQL and a simulator of its own, a demo
// organisation with a number and a key, and a first send to paste.
import { devSeed } from '../../simulator/dev-seed.ts';
import { onPorts, readConfig, webAddress, type Config } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import type { Context } from '../context.ts';
import { ensureDemoOrganisation, type DemoSeed } from '../organisations/demo-organisation.ts';
import { openDataDirectory, readDevelopmentFile, type DevelopmentFile } from '../storage/data-directory.ts';
import { freePort } from '../storage/free-port.ts';
import { renderBanner } from './banner.ts';
import { startNode } from './run-node.ts';
import { ensureSimulator, isSimulator, renderStart } from './simulator-process.ts';
import type { Terminal } from './terminal.ts';
import { catchStopSignals } from './stop-signals.ts';
import { watchSimulator } from './watch-simulator.ts';

const STOP_SLACK_MS = 5_000;

/** Runs until it is told to stop; returns the exit code. */
export async function dev(terminal: Terminal): Promise<number> {
  const signals = catchStopSignals();
  const chosen = readConfig(processEnvironment(), 'development');
  const { dataDir } = chosen.config;
  const directory = await terminal.wait(`Waiting for ${dataDir} ...`, openDataDirectory(dataDir));
  const earlier = readDevelopmentFile(directory.path);
  const config = await withPorts(chosen.config, earlier);
  const simulated = {
    port: config.simulatorPort,
    dataDir: directory.path,
    callbackUrl: `${webAddress(config.host, config.port)}/webhooks/meta`,
  };
  const simulator = ensureSimulator(simulated);
  let apiKey = '';
  const prepare = async (ctx: Context): Promise<void> => {
    ({ apiKey } = await ensureDemoOrganisation(ctx, { ...demoSeed(), apiKey: earlier.apiKey }));
  };
  const starting = Promise.all([startNode({ ...chosen, config, directory, prepare }), simulator]);
  const [node, { url: simulatorUrl, pid }] = await terminal.wait('Starting Kurir ...', starting);
  const file = { ...credentials(), url: node.url, simulatorUrl, apiKey };
  directory.writeDevelopmentFile(file);
  if (terminal.json) terminal.result(file, () => '');
  else terminal.note(renderBanner(terminal.noteStyle, file, directory.path));
  const unwatch = watchSimulator(simulatorUrl, () =>
    terminal.note(
      `${terminal.noteStyle.yellow('!')} The simulator at ${simulatorUrl} does not answer any more: nothing is sent or delivered until it does. Start it again: ${renderStart(simulated)}`,
    ),
  );
  const code = await signals.untilStopped(terminal, () => node.stop(), config.shutdownMs + STOP_SLACK_MS);
  unwatch();
  terminal.note(`Stopped. ${await describeRest(simulatorUrl, pid)}`);
  return code;
}

async function describeRest(simulatorUrl: string, pid: number | undefined): Promise<string> {
  if (!(await isSimulator(simulatorUrl))) return 'The simulator does not run any more either.';
  return `The simulator goes on at ${simulatorUrl}${pid === undefined ? '' : ` (kill ${pid} to end it)`}.`;
}

// Port 0 means any free one, but the simulator that still runs keeps its own.
async function withPorts(config: Config, earlier: Partial<DevelopmentFile>): Promise<Config> {
  if (config.port !== 0 && config.simulatorPort !== 0) return config;
  const port = config.port === 0 ? await freePort() : config.port;
  const goesOn = earlier.simulatorUrl !== undefined && (await isSimulator(earlier.simulatorUrl));
  const simulatorPort = goesOn ? Number(new URL(earlier.simulatorUrl ?? '').port) : await freePort();
  return onPorts(config, {
    port,
    simulatorPort: config.simulatorPort === 0 ? simulatorPort : config.simulatorPort,
  });
}

function demoSeed(): DemoSeed {
  const { number, wabaId, appSecret, verifyToken, graphToken } = simulatedMeta();
  const { phoneNumberId, displayPhoneNumber, verifiedName } = number;
  const phone = displayPhoneNumber.replace(/\D/g, '');
  return {
    organisationName: 'Demo',
    appSecret,
    verifyToken,
    phoneNumberId,
    wabaId,
    phone,
    displayPhoneNumber,
    verifiedName,
    accessToken: graphToken,
  };
}

function credentials(): Omit<DevelopmentFile, 'url' | 'simulatorUrl' | 'apiKey'> {
  const { number, ...rest } = simulatedMeta();
  return { phoneNumberId: number.phoneNumberId, ...rest };
}

// What the simulator starts with: fixed, since nothing of it is a secret on this computer.
function simulatedMeta() {
  const { numbers, wabaId, appSecret, verifyToken, tokens } = devSeed;
  const [number] = numbers;
  const [graphToken] = tokens;
  if (!number || graphToken === undefined)
    throw new Error('simulator/dev-seed.ts names no number or no token.');
  return { number, wabaId, appSecret, verifyToken, graphToken };
}
