// The settings of a simulator that is started alone: the development world, with what flags and environment say instead.
// Flags go before the environment. The only file of the simulator that reads the environment.
import { parseArgs } from 'node:util';
import { devSeed } from './dev-seed.ts';
import type { SimulatorSettings } from './settings.ts';

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  callback: { type: 'string' },
  'app-secret': { type: 'string' },
  'verify-token': { type: 'string' },
  token: { type: 'string' },
  ledger: { type: 'string' },
  seed: { type: 'string' },
  latency: { type: 'string' },
  'latency-spread': { type: 'string' },
  fast: { type: 'boolean' },
  'no-limits': { type: 'boolean' },
  'no-window': { type: 'boolean' },
  'control-host': { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const;

const LATENCY_MS = 30;

export const USAGE = `Usage: npm run simulator -- [flags]

  --port N            where to listen (KURIR_SIMULATOR_PORT, 4001)
  --host H            the address to listen on (KURIR_SIMULATOR_HOST, 127.0.0.1)
  --callback URL      where webhooks go (KURIR_SIMULATOR_CALLBACK)
  --app-secret S      signs webhooks (KURIR_SIMULATOR_APP_SECRET)
  --verify-token T    sent when a callback is verified (KURIR_SIMULATOR_VERIFY_TOKEN)
  --token T           the access token that is accepted (KURIR_SIMULATOR_TOKEN)
  --ledger DIR        keeps what happened there and goes on from it (KURIR_SIMULATOR_LEDGER)
  --seed N            the same ids and chances in every run
  --latency MS        how long answers of the Graph take (30)
  --latency-spread MS up to so much longer, by chance (0)
  --fast              no delays at all
  --no-limits         no pace: neither 130429 nor 131056 of its own accord
  --no-window         free-form messages go to everyone, always
  --control-host H    a further name the control API answers to, such as a container's
  --help              this text
`;

/** The settings, or null when only the usage was asked for. */
export function settingsFromEnv(args: string[], env: NodeJS.ProcessEnv): SimulatorSettings | null {
  const { values } = parseArgs({ args, options: OPTIONS });
  if (values.help) return null;
  const token = values.token ?? env['KURIR_SIMULATOR_TOKEN'];
  return {
    ...devSeed,
    latencyMs: values.fast ? 0 : (wholeNumber('latency', values.latency) ?? LATENCY_MS),
    latencySpreadMs: values.fast ? 0 : wholeNumber('latency-spread', values['latency-spread']),
    ...(values.fast ? { statusDelaysMs: { sent: 0, delivered: 0, read: 0 } } : {}),
    ...(values['no-limits'] ? { throughputPerSecond: null, pairLimit: null } : {}),
    windowEnforced: values['no-window'] !== true,
    controlHosts: values['control-host'] ?? [],
    port: wholeNumber('port', values.port ?? env['KURIR_SIMULATOR_PORT']) ?? 4001,
    host: values.host ?? env['KURIR_SIMULATOR_HOST'],
    callbackUrl: values.callback ?? env['KURIR_SIMULATOR_CALLBACK'],
    appSecret: values['app-secret'] ?? env['KURIR_SIMULATOR_APP_SECRET'] ?? devSeed.appSecret,
    verifyToken: values['verify-token'] ?? env['KURIR_SIMULATOR_VERIFY_TOKEN'] ?? devSeed.verifyToken,
    tokens: token === undefined ? devSeed.tokens : [token],
    ledgerDir: values.ledger ?? env['KURIR_SIMULATOR_LEDGER'],
    seed: wholeNumber('seed', values.seed),
  };
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`--${name} must be a whole number, such as 4001; it is "${text}".`);
  return Number(text);
}
