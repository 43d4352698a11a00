// What a simulator is told at its start: one object. Everything has a default that suits a test, so that
// `startSimulator({})` works; what is secret or named by the outside (tokens, ids) has a plain fixed value.
import { systemClock, type Clock } from '../src/kernel/clock.ts';
import type { JsonObject } from '../src/kernel/json.ts';

/** A business number, as its WABA lists it. */
export interface NumberSettings {
  phoneNumberId: string;
  /** As Meta shows it, such as `+62 851-1760-008029`; webhooks carry its digits only. */
  displayPhoneNumber: string;
  verifiedName: string;
  wabaId?: string;
  /** Present: a test number, which sends to these only (131030). */
  allowedRecipients?: readonly string[];
  /** False: sends are refused with 133010. */
  registered?: boolean;
}

/** A customer's phone, and how its owner behaves. */
export interface PhoneSettings {
  phone: string;
  name?: string;
  online?: boolean;
  /** Reads what it gets. */
  autoRead?: boolean;
  /** The customer wrote this long before the start; the webhook of it is delivered once. */
  wroteMsAgo?: number;
  /** To which number; the first one when absent. */
  wroteTo?: string;
  /** The wamid of that message; made up when absent. */
  wroteWamid?: string;
  wroteText?: string;
  /** Writes again at a later start, when its 24-hour window has closed since. */
  keepsWindowOpen?: boolean;
}

/** A message template, in Meta's own shape of a list entry. */
export interface TemplateSettings {
  name: string;
  language: string;
  status: 'APPROVED' | 'PENDING' | 'REJECTED' | 'PAUSED' | 'DISABLED';
  category: 'MARKETING' | 'UTILITY' | 'AUTHENTICATION';
  parameter_format?: 'POSITIONAL' | 'NAMED';
  components: JsonObject[];
  id?: string;
  wabaId?: string;
}

export interface StatusDelaysMs {
  /** After the send was accepted. */
  sent: number;
  /** After `sent`, when the phone is online. */
  delivered: number;
  /** After `delivered`, when the phone reads what it gets. */
  read: number;
}

export interface PairLimit {
  /** One message to a recipient in this time … */
  perMs: number;
  /** … with so many lent in advance. */
  burst: number;
}

export interface Settings {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Hosts other than loopback that may call the control API, such as a container's name. */
  controlHosts: readonly string[];
  /** The world's time starts from it, and answers and waits are timed by it. */
  clock: Clock;
  /** Given: ids and chances repeat from run to run. */
  seed: number | null;
  appId: string;
  appSecret: string;
  verifyToken: string;
  /** Where webhooks go until an override says otherwise. */
  callbackUrl: string | null;
  tokens: readonly string[];
  /** Ids of groups that can be written to. */
  groups: readonly string[];
  wabaId: string;
  numbers: readonly NumberSettings[];
  templates: readonly TemplateSettings[];
  phones: readonly PhoneSettings[];
  /** How long answers of the Graph take: at the least, and evenly up to so much more. */
  latencyMs: number;
  latencySpreadMs: number;
  statusDelaysMs: StatusDelaysMs;
  /** The waits between the tries of an unanswered webhook; afterwards it is given up. */
  webhookRetryMs: readonly number[];
  webhookTimeoutMs: number;
  webhookBatchSize: number;
  webhookConcurrency: number;
  throughputPerSecond: number | null;
  pairLimit: PairLimit | null;
  /** HTTP status of throttling errors: Meta's pages say 400, many integrations expect 429. */
  throttleStatus: number;
  windowEnforced: boolean;
  /** Patterns of hosts whose links can be fetched, `*.` in front for any below; `*` for all. */
  linksThatResolve: readonly string[];
  ledgerDir: string | null;
  /** Messages, calls to send, and journal entries kept in memory: the latest so many. */
  keepMessages: number;
  keepCalls: number;
  keepJournal: number;
}

/** What a caller may give: all of it is optional. */
export type SimulatorSettings = { [Key in keyof Settings]?: Settings[Key] | undefined };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Meta names no timetable: at once, then ever more rarely, up to seven days. */
export const META_RETRY_MS: readonly number[] = [
  0,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  ...Array.from({ length: 6 }, () => 24 * HOUR_MS),
];

const DEFAULTS: Settings = {
  host: '127.0.0.1',
  port: 0,
  controlHosts: [],
  clock: systemClock,
  seed: null,
  appId: '670843887433847',
  appSecret: 'simulated-app-secret',
  verifyToken: 'simulated-verify-token',
  callbackUrl: null,
  tokens: ['EAASimulatedToken'],
  groups: [],
  wabaId: '102290129340398',
  numbers: [
    { phoneNumberId: '106540352242922', displayPhoneNumber: '+628511760008029', verifiedName: 'Kopi Senja' },
  ],
  templates: [],
  phones: [],
  latencyMs: 0,
  latencySpreadMs: 0,
  statusDelaysMs: { sent: 300, delivered: 700, read: 1500 },
  webhookRetryMs: META_RETRY_MS,
  webhookTimeoutMs: 10 * SECOND_MS,
  webhookBatchSize: 1,
  webhookConcurrency: 32,
  throughputPerSecond: 80,
  pairLimit: { perMs: 6 * SECOND_MS, burst: 45 },
  throttleStatus: 400,
  windowEnforced: true,
  linksThatResolve: ['*.example.com', 'example.com'],
  ledgerDir: null,
  keepMessages: 100_000,
  keepCalls: 200_000,
  keepJournal: 10_000,
};

/** The settings with defaults for what was not given. */
export function withDefaults(given: SimulatorSettings): Settings {
  const settings = { ...DEFAULTS };
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) Object.assign(settings, { [key]: value });
  }
  return settings;
}
