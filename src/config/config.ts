// Decides what the operator chose: raw text in, one typed and frozen Config out, or all complaints at once. Starting with
// half a configuration is never tried.
import { join, resolve } from 'node:path';

import { readNetworks } from './networks.ts';
import { protocolTimes, type ProtocolTimes } from './protocol-times.ts';
import { readEnv, type Complaint, type Environment } from './read-env.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import {
  CLIENT_SETTINGS,
  META_GRAPH_URL,
  SECRET_SETTINGS,
  SETTINGS,
  type Setting,
  type ValueOf,
} from './settings.ts';

/** Development: the simulator stands in for Meta and a demo organisation is made. */
export type Mode = 'development' | 'production';

export type Config = Readonly<
  { mode: Mode; times: ProtocolTimes } & {
    [Field in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Field]>;
  }
>;

const LOOPBACK = '127.0.0.0/8,::1';

type Plain = Omit<Config, 'mode' | 'times'>;

export interface Chosen {
  config: Config;
  /** Undefined: none was given and none is needed; the data directory keeps one. */
  secrets: Secrets | undefined;
}

/** Whom `kurir send` calls, and as whom, as far as the environment says. */
export interface ClientConfig {
  url: string | undefined;
  apiKey: string | undefined;
}

/** What is wrong with the settings, all of it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(
      [
        'The settings cannot be used:',
        ...complaints.map((one) => `  ${one.name} ${one.problem}. Example: ${one.name}=${one.example}`),
      ].join('\n'),
    );
    this.complaints = complaints;
  }
}

/** The settings of this environment; throws ConfigError with every complaint. */
export function readConfig(env: Environment, mode: Mode): Chosen {
  const complaints: Complaint[] = [];
  const values: Record<string, string | number | undefined> = {};
  for (const [field, setting] of Object.entries<Setting>(SETTINGS))
    values[field] = decide(env, setting, complaints);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decide() gives what the row says, or a complaint; derived ones are filled in below
  const plain = values as Plain;
  const ownDatabase =
    plain.databaseUrl !== undefined || complaints.some((one) => one.name === 'DATABASE_URL');
  const secrets = decideSecrets(env, ownDatabase, complaints);
  if (plain.port !== 0 && plain.port === plain.simulatorPort) {
    complaints.push({
      name: 'KURIR_SIMULATOR_PORT',
      problem: 'is the PORT of the gateway; choose another',
      example: String(plain.port + 1),
    });
  }
  if ((plain.s3AccessKeyId === undefined) !== (plain.s3SecretAccessKey === undefined)) {
    const { s3AccessKeyId: id, s3SecretAccessKey: key } = SETTINGS;
    const unset = plain.s3AccessKeyId === undefined ? id : key;
    complaints.push({
      name: unset.name,
      problem: 'is not set, but the other half of the key is',
      example: unset.example,
    });
  }
  if (complaints.length > 0) throw new ConfigError(complaints);
  return {
    config: Object.freeze({
      ...plain,
      mode,
      times: protocolTimes(plain.timeScale),
      dataDir: resolve(plain.dataDir),
      ...derived(plain, mode),
    }),
    secrets,
  };
}

export function readClientConfig(env: Environment): ClientConfig {
  const complaints: Complaint[] = [];
  const url = decide(env, CLIENT_SETTINGS.url, complaints);
  const apiKey = readEnv(env, CLIENT_SETTINGS.apiKey, complaints);
  if (complaints.length > 0) throw new ConfigError(complaints);
  return { url: url === undefined ? undefined : String(url), apiKey };
}

/** The same config on ports that were chosen at the start (PORT=0); what was derived from the ports follows. */
export function onPorts(config: Config, ports: { port: number; simulatorPort: number }): Config {
  const follows = (url: string, before: string, after: string) => (url === before ? after : url);
  return Object.freeze({
    ...config,
    ...ports,
    publicUrl: follows(
      config.publicUrl,
      webAddress(config.host, config.port),
      webAddress(config.host, ports.port),
    ),
    graphUrl: follows(config.graphUrl, simulatorUrl(config.simulatorPort), simulatorUrl(ports.simulatorPort)),
  });
}

/** Where the simulator of development mode answers. */
export function simulatorUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** The address under which a listener on `host` is reached from this machine. */
export function webAddress(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function decide(env: Environment, setting: Setting, complaints: Complaint[]): string | number | undefined {
  const text = readEnv(env, setting, complaints);
  if (text === undefined) return setting.default;
  const problem = problemOf(setting, text);
  if (problem === undefined) return setting.type === 'integer' ? Number(text) : withoutSlash(setting, text);
  complaints.push({ name: setting.name, problem, example: setting.example });
  return setting.default;
}

function problemOf(setting: Setting, text: string): string | undefined {
  switch (setting.type) {
    case 'integer':
      if (/^\d{1,10}$/.test(text) && Number(text) >= setting.min && Number(text) <= setting.max)
        return undefined;
      return `must be a whole number from ${setting.min} to ${setting.max}${shown(setting, text)}`;
    case 'choice':
      return setting.choices.includes(text)
        ? undefined
        : `must be one of ${setting.choices.join(', ')}${shown(setting, text)}`;
    case 'web address':
      return hasProtocol(text, ['http:', 'https:'])
        ? undefined
        : `must be an address with http:// or https://${shown(setting, text)}`;
    case 'database address':
      return hasProtocol(text, ['postgres:', 'postgresql:'])
        ? undefined
        : `must be an address with postgres://${shown(setting, text)}`;
    case 'networks':
      return readNetworks(text)
        ? undefined
        : `must be networks such as 10.0.0.0/8, with commas between${shown(setting, text)}`;
    case 'text':
    case 'path':
      return text.includes('\0') ? 'must not hold a NUL character' : undefined;
  }
}

function shown(setting: Setting, text: string): string {
  return setting.secret ? '' : `, not ${JSON.stringify(text.slice(0, 80))}`;
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function withoutSlash(setting: Setting, text: string): string {
  return setting.type === 'web address' ? text.replace(/\/+$/, '') : text;
}

type Derived = 'graphUrl' | 'publicUrl' | 'mediaDir' | 'webhookAllow';

function derived(plain: Plain, mode: Mode): Pick<Config, Derived> {
  const given: Partial<Pick<Plain, Derived>> = plain;
  return {
    mediaDir: resolve(given.mediaDir ?? join(plain.dataDir, 'media')),
    graphUrl: given.graphUrl ?? (mode === 'development' ? simulatorUrl(plain.simulatorPort) : META_GRAPH_URL),
    publicUrl: given.publicUrl ?? webAddress(plain.host, plain.port),
    webhookAllow: given.webhookAllow ?? (mode === 'development' ? LOOPBACK : ''),
  };
}

const SECRET_CHARACTERS_MIN = 32;

function decideSecrets(env: Environment, ownDatabase: boolean, complaints: Complaint[]): Secrets | undefined {
  const { secret: row, oldSecrets: oldRow } = SECRET_SETTINGS;
  const secret = readEnv(env, row, complaints);
  const old =
    readEnv(env, oldRow, complaints)
      ?.split(',')
      .filter((one) => one !== '') ?? [];
  if (secret === undefined) {
    const named = complaints.some((one) => one.name.startsWith(row.name));
    if (ownDatabase && !named) {
      complaints.push({
        name: row.name,
        problem: 'is not set, but DATABASE_URL is: what is sealed there must open on every node',
        example: row.example,
      });
    } else if (old.length > 0) {
      complaints.push({ name: oldRow.name, problem: `is set without ${row.name}`, example: oldRow.example });
    }
    return undefined;
  }
  if (secret.length < SECRET_CHARACTERS_MIN) {
    complaints.push({
      name: row.name,
      problem: `must have ${SECRET_CHARACTERS_MIN} characters or more`,
      example: row.example,
    });
  }
  return createSecrets(secret, old);
}
