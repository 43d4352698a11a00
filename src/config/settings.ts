// Every setting, in one table: a row here is read from the environment, checked, documented (.env.example and
// docs/config.md are made from it) and becomes a field of Config of the row's own key. Nothing else reads the environment.

interface Common {
  /** The environment variable. */
  name: string;
  /** One line: what it decides. */
  doc: string;
  example: string;
  /** Holds a secret: `<NAME>_FILE` may name a file that holds it instead. */
  secret?: true;
}

/** `derived` says in words what the default is where other settings decide it. */
interface TextSetting extends Common {
  type: 'text' | 'path' | 'web address' | 'database address' | 'networks';
  default?: string;
  derived?: string;
}

interface IntegerSetting extends Common {
  type: 'integer';
  default: number;
  min: number;
  max: number;
}

interface ChoiceSetting extends Common {
  type: 'choice';
  choices: readonly string[];
  default: string;
}

export type Setting = TextSetting | IntegerSetting | ChoiceSetting;

/** What a checked value of the row is. */
export type ValueOf<Row extends Setting> = Row extends IntegerSetting
  ? number
  : Row extends { choices: readonly (infer Choice)[] }
    ? Choice
    : Row extends { default: string } | { derived: string }
      ? string
      : string | undefined;

export const META_GRAPH_URL = 'https://graph.facebook.com';
const DAY_MS = 86_400_000;

export const SETTINGS = {
  host: {
    name: 'HOST',
    type: 'text',
    default: '127.0.0.1',
    doc: 'Address the gateway listens on; 0.0.0.0 for all.',
    example: '0.0.0.0',
  },
  port: {
    name: 'PORT',
    type: 'integer',
    default: 4000,
    min: 0,
    max: 65_535,
    doc: 'Port the gateway listens on; 0 for any free one.',
    example: '4000',
  },
  simulatorPort: {
    name: 'KURIR_SIMULATOR_PORT',
    type: 'integer',
    default: 4001,
    min: 0,
    max: 65_535,
    doc: 'Port of the simulator in development mode; 0 for any free one.',
    example: '4001',
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    type: 'database address',
    doc: 'PostgreSQL 15 or newer to keep everything in. Unset: Kurir runs one of its own in the data directory.',
    example: 'postgres://kurir:password@db.internal:5432/kurir',
    secret: true,
  },
  listenUrl: {
    name: 'KURIR_LISTEN_URL',
    type: 'database address',
    doc: 'Direct connection for LISTEN where DATABASE_URL goes through a pooler. Unset: polling.',
    example: 'postgres://kurir:password@db.internal:5432/kurir',
    secret: true,
  },
  dataDir: {
    name: 'KURIR_DATA_DIR',
    type: 'path',
    default: './data',
    doc: 'Folder of this node: its identity, its own PostgreSQL, media, the simulator’s ledger.',
    example: '/var/lib/kurir',
  },
  graphUrl: {
    name: 'KURIR_GRAPH_URL',
    type: 'web address',
    derived: `${META_GRAPH_URL}; in development mode the simulator`,
    doc: 'Where Meta’s Graph API is.',
    example: META_GRAPH_URL,
  },
  publicUrl: {
    name: 'KURIR_PUBLIC_URL',
    type: 'web address',
    derived: 'http://<HOST>:<PORT>',
    doc: 'Where others reach this gateway; Meta’s webhooks go to <it>/webhooks/meta.',
    example: 'https://kurir.example.com',
  },
  sendWaitMs: {
    name: 'KURIR_SEND_WAIT_MS',
    type: 'integer',
    default: 10_000,
    min: 0,
    max: 60_000,
    doc: 'How long a send waits for Meta’s answer before it is answered `queued`.',
    example: '10000',
  },
  unknownAfterMs: {
    name: 'KURIR_UNKNOWN_AFTER_MS',
    type: 'integer',
    default: 600_000,
    min: 1_000,
    max: DAY_MS,
    doc: 'How long silence lasts before a lost outcome is decided (delivery_unknown, or a resend).',
    example: '600000',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    type: 'choice',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    doc: 'The least level that is logged.',
    example: 'warn',
  },
  metaConnections: {
    name: 'KURIR_META_CONNECTIONS',
    type: 'integer',
    default: 256,
    min: 1,
    max: 10_000,
    doc: 'Connections to Meta at the most.',
    example: '256',
  },
  webhookAllow: {
    name: 'KURIR_WEBHOOK_ALLOW',
    type: 'networks',
    derived: 'none; in development mode loopback',
    doc: 'Networks, with commas between, that webhooks may go to although they are not public, there also without TLS. Set it where receivers stand in your own network.',
    example: '10.20.0.0/16,fd12:3456::/32',
  },
  writePerMinute: {
    name: 'KURIR_WRITE_PER_MINUTE',
    type: 'integer',
    default: 60_000,
    min: 1,
    max: 1_000_000_000,
    doc: 'Writes a minute of one organisation, unless it has its own budget.',
    example: '60000',
  },
  readPerMinute: {
    name: 'KURIR_READ_PER_MINUTE',
    type: 'integer',
    default: 600_000,
    min: 1,
    max: 1_000_000_000,
    doc: 'Reads a minute of one organisation, unless it has its own budget.',
    example: '600000',
  },
  queuePerNumber: {
    name: 'KURIR_QUEUE_PER_NUMBER',
    type: 'integer',
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    doc: 'Messages that may stand in the queue of a number; beyond it a send is answered 429.',
    example: '1000000',
  },
  queuePerOrganisation: {
    name: 'KURIR_QUEUE_PER_ORGANISATION',
    type: 'integer',
    default: 5_000_000,
    min: 1,
    max: 1_000_000_000,
    doc: 'Messages that may stand in the queues of all numbers of an organisation together.',
    example: '5000000',
  },
  waitingMax: {
    name: 'KURIR_WAITING_MAX',
    type: 'integer',
    default: 10_000,
    min: 0,
    max: 1_000_000,
    doc: 'Sends that may wait for Meta’s answer on a node; beyond it they are answered `queued` at once, or 503 where a wamid is owed.',
    example: '10000',
  },
  connectionsMax: {
    name: 'KURIR_CONNECTIONS_MAX',
    type: 'integer',
    default: 20_000,
    min: 10,
    max: 1_000_000,
    doc: 'Connections that a node takes, of callers and of Meta; further ones are closed.',
    example: '20000',
  },
  bodiesMaxMb: {
    name: 'KURIR_BODIES_MAX_MB',
    type: 'integer',
    default: 64,
    min: 4,
    max: 100_000,
    doc: 'Megabytes of bodies that are read at once from callers, and as many again from Meta’s webhooks; beyond it 503.',
    example: '64',
  },
  diskFreeMinMb: {
    name: 'KURIR_DISK_FREE_MIN_MB',
    type: 'integer',
    default: 200,
    min: 0,
    max: 100_000_000,
    doc: 'Megabytes that stay free where Kurir’s own PostgreSQL lives: with less, new sends are answered 503.',
    example: '500',
  },
  databaseConnections: {
    name: 'KURIR_DATABASE_CONNECTIONS',
    type: 'integer',
    default: 10,
    min: 3,
    max: 1_000,
    doc: 'Connections to PostgreSQL at the most.',
    example: '10',
  },
  mediaDir: {
    name: 'KURIR_MEDIA_DIR',
    type: 'path',
    derived: '<KURIR_DATA_DIR>/media',
    doc: 'Folder in which media are kept, unless KURIR_S3_BUCKET is set. Nodes on several machines need a bucket, or a folder that they share.',
    example: '/var/lib/kurir/media',
  },
  s3Bucket: {
    name: 'KURIR_S3_BUCKET',
    type: 'text',
    doc: 'Bucket of S3, or of a store that speaks its protocol, in which media are kept instead of a folder.',
    example: 'kurir-media',
  },
  s3Endpoint: {
    name: 'KURIR_S3_ENDPOINT',
    type: 'web address',
    doc: 'Where the store of the bucket answers. Unset: Amazon’s.',
    example: 'https://s3.example.com',
  },
  s3Region: {
    name: 'KURIR_S3_REGION',
    type: 'text',
    default: 'us-east-1',
    doc: 'Region of the bucket.',
    example: 'ap-southeast-3',
  },
  s3AccessKeyId: {
    name: 'KURIR_S3_ACCESS_KEY_ID',
    type: 'text',
    doc: 'Key of the bucket. Unset: from where Amazon’s tools take it, such as the role of the machine.',
    example: 'kurir',
  },
  s3SecretAccessKey: {
    name: 'KURIR_S3_SECRET_ACCESS_KEY',
    type: 'text',
    doc: 'Secret of that key.',
    example: '<the secret>',
    secret: true,
  },
  mediaMaxMb: {
    name: 'KURIR_MEDIA_MAX_MB',
    type: 'integer',
    default: 100,
    min: 1,
    max: 10_000,
    doc: 'Megabytes of one medium at the most: what a customer sends beyond it is not fetched.',
    example: '100',
  },
  keepMessagesDays: {
    name: 'KURIR_KEEP_MESSAGES_DAYS',
    type: 'integer',
    default: 0,
    min: 0,
    max: 36_500,
    doc: 'Days for which messages are kept, with the media that came with them; 0: for ever. What webhooks told of them is kept for 30 days, or as long as messages where that is shorter.',
    example: '365',
  },
  keepMediaDays: {
    name: 'KURIR_KEEP_MEDIA_DAYS',
    type: 'integer',
    default: 0,
    min: 0,
    max: 36_500,
    doc: 'Days for which media are kept, those that were uploaded to be sent too; 0: for ever.',
    example: '90',
  },
  mediaUrlMinutes: {
    name: 'KURIR_MEDIA_URL_MINUTES',
    type: 'integer',
    default: 2_880,
    min: 1,
    max: 1_000_000,
    doc: 'How long an address of a medium works. Webhooks hold one, and may be delivered for the last time after 31 hours.',
    example: '2880',
  },
  webhookDeadMax: {
    name: 'KURIR_WEBHOOK_DEAD_MAX',
    type: 'integer',
    default: 20,
    min: 1,
    max: 1_000_000,
    doc: 'Deliveries in a row that may end dead before their webhook subscription is turned off.',
    example: '20',
  },
  webhookRetryScale: {
    name: 'KURIR_WEBHOOK_RETRY_SCALE',
    type: 'integer',
    default: 1,
    min: 1,
    max: 100_000,
    doc: 'For tests: by what the waits between the tries of a delivery are divided.',
    example: '1000',
  },
  timeScale: {
    name: 'KURIR_TIME_SCALE',
    type: 'integer',
    default: 1,
    min: 1,
    max: 100,
    doc: 'For tests: by what the times of the send protocol (heartbeats, leases, time-outs of calls) are divided. The same on every node.',
    example: '5',
  },
  shutdownMs: {
    name: 'KURIR_SHUTDOWN_MS',
    type: 'integer',
    default: 15_000,
    min: 0,
    max: 600_000,
    doc: 'How long a stop waits for what is under way.',
    example: '15000',
  },
} as const satisfies Record<string, Setting>;

/** Kept apart from Config, so that no log of a Config can hold them. */
export const SECRET_SETTINGS = {
  secret: {
    name: 'KURIR_SECRET',
    type: 'text',
    doc: 'What stored tokens and secrets are sealed under: 32 characters or more. Needed with DATABASE_URL; without it one is made and kept in the data directory.',
    example: '<openssl rand -base64 32>',
    secret: true,
  },
  oldSecrets: {
    name: 'KURIR_SECRET_OLD',
    type: 'text',
    doc: 'Earlier values of KURIR_SECRET, with commas between, that still open what they sealed.',
    example: 'the earlier value',
    secret: true,
  },
} as const satisfies Record<string, Setting>;

/** What commands that call a gateway over HTTP (`kurir send`) take. */
export const CLIENT_SETTINGS = {
  url: {
    name: 'KURIR_URL',
    type: 'web address',
    derived: 'the gateway that runs on the data directory, else http://127.0.0.1:4000',
    doc: 'The gateway that `kurir send` calls.',
    example: 'https://kurir.example.com',
  },
  apiKey: {
    name: 'KURIR_API_KEY',
    type: 'text',
    derived: 'in development mode the demo key',
    doc: 'The API key that `kurir send` uses.',
    example: 'kur_live_…',
    secret: true,
  },
} as const satisfies Record<string, Setting>;

/** All rows, in the order they are documented in. */
export function allSettings(): Setting[] {
  return [SETTINGS, SECRET_SETTINGS, CLIENT_SETTINGS].flatMap((table) => Object.values<Setting>(table));
}
