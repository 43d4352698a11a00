// Rows by the hundred thousand: copies, made by SQL, of one message that the side itself accepted through its API, so that they have
// exactly the shape that it writes. Only what differs from message to message is set: ids, keys, who writes to whom, and when.
import type pg from 'pg';

import { run, start, type Side, type Stage, type Template } from './measure.ts';
import { baseWork, FLOOR } from './compare.ts';
import { EVERYBODY, NUMBERS, numberAt, RECIPIENTS } from './setting.ts';

interface Copied {
  table: string;
  /** The column that holds the message's id. */
  id: string;
  /** By column, an expression over the model `m` and the copy's number `i`; all others are the model's. */
  set: Record<string, string>;
}

const STORED = 1_000_000;
/** A round begins with a checkpoint, after which PostgreSQL logs each page whole that it changes for the first time: here nearly every
 *  key's, in an index of 8 000. In five minutes between two checkpoints that is soon over; so it is before a slice is measured. */
export const WARM_UP_STORED = 16_000;
/** A day's worth, so that no key of them is old enough to be swept. */
const STORED_OVER_SECONDS = 86_000;

// Older than the model, and sorted by age as ids are.
const OLD_ID = `'msg_00' || lpad(i::text, 8, '0') || upper(left(md5(i::text), 16))`;
const OLD_AT = `now() - make_interval(secs => ${STORED_OVER_SECONDS} * (1 - i / ${STORED}.0))`;
const OLD_KEY = `md5(i::text)::uuid::text`;
const OLD_WAMID = `left(m.wamid, -12) || lpad(i::text, 8, '0') || 'AA=='`;
const NUMBER = `(${numberAt(0).phoneNumberId} + i % ${NUMBERS})::text`;
const RECIPIENT = `(${EVERYBODY.from} + i % ${RECIPIENTS})::text`;

const STORED_TABLES: Record<'gateway' | 'floor', readonly Copied[]> = {
  gateway: [
    {
      table: 'idempotency_keys',
      id: 'message_id',
      set: { message_id: OLD_ID, key: OLD_KEY, created_at: OLD_AT },
    },
    {
      table: 'messages',
      id: 'id',
      set: {
        id: OLD_ID,
        phone_number_id: NUMBER,
        recipient: `'+' || ${RECIPIENT}`,
        conversation: RECIPIENT,
        idempotency_key: OLD_KEY,
        created_at: OLD_AT,
      },
    },
    {
      table: 'message_states',
      id: 'id',
      set: {
        id: OLD_ID,
        phone_number_id: NUMBER,
        conversation: RECIPIENT,
        wamid: OLD_WAMID,
        accepted_at: OLD_AT,
      },
    },
  ],
  floor: [
    { table: 'idempotency_keys', id: 'message_id', set: { message_id: OLD_ID, key: OLD_KEY } },
    {
      table: 'messages',
      id: 'id',
      set: { id: OLD_ID, phone_number_id: NUMBER, recipient: RECIPIENT, wamid: OLD_WAMID, status_at: OLD_AT },
    },
  ],
};

// Made once in a run; they go with its PostgreSQL.
const templates = new Map<string, Promise<Template>>();

/** A database of a side with a million messages that were sent and read. */
export function storedTemplate(stage: Stage, side: Side): Promise<Template> {
  const made = templates.get(side.file) ?? makeStored(stage, side);
  templates.set(side.file, made);
  return made;
}

async function makeStored(stage: Stage, side: Side): Promise<Template> {
  const { postgres } = stage;
  const running = await start(stage, side, { work: baseWork('full'), loadAverage: 0 });
  try {
    await run(stage, running, { ...baseWork('full'), messages: 1 });
  } finally {
    await Promise.all(running.programs.map((program) => program.stop()));
  }
  await postgres.connect(running.databaseUrl, async (db) => {
    const { rows } = await db.query<{ id: string }>(
      side.file === FLOOR.file
        ? 'select id from messages'
        : `select id from message_states where state = 'read'`,
    );
    for (const one of STORED_TABLES[side.file === FLOOR.file ? 'floor' : 'gateway'])
      await copy(db, one, { model: rows[0]?.id ?? '', count: STORED });
    await db.query('vacuum (analyze)');
  });
  return { database: running.database, apiKey: running.programs[0]?.ready.apiKey ?? '' };
}

// Younger than the model, of the same millisecond.
const NEW_ID = `left(m.ID, 14) || upper(left(md5(m.ID || i), 16))`;
const NEW_KEY = `md5(m.MESSAGE || i)::uuid::text`;

/** Puts copies of a queued message into the queue; with `recipients` each goes to a customer of its own, from that one on. */
export async function copyQueued(
  db: pg.Client,
  what: { model: string; count: number; recipients?: number },
): Promise<void> {
  const to = what.recipients === undefined ? undefined : `(${what.recipients} + i)::text`;
  const conversation: Record<string, string> = to === undefined ? {} : { conversation: to };
  const recipient: Record<string, string> = to === undefined ? {} : { recipient: `'+' || ${to}` };
  const idOf = (column: string): string => NEW_ID.replaceAll('ID', column);
  const keyOf = (column: string): string => NEW_KEY.replaceAll('MESSAGE', column);
  const tables: Copied[] = [
    {
      table: 'idempotency_keys',
      id: 'message_id',
      set: { message_id: idOf('message_id'), key: keyOf('message_id') },
    },
    {
      table: 'messages',
      id: 'id',
      set: { id: idOf('id'), idempotency_key: keyOf('id'), ...recipient, ...conversation },
    },
    {
      table: 'message_states',
      id: 'id',
      set: { id: idOf('id'), turn: `nextval('message_turns')`, ...conversation },
    },
  ];
  // All of it from one state of the model, which may be sent meanwhile.
  await db.query('begin isolation level repeatable read');
  const { rows } = await db.query<{ state: string }>('select state from message_states where id = $1', [
    what.model,
  ]);
  if (rows[0]?.state !== 'queued') throw new Error(`The message to copy is ${rows[0]?.state}, not queued.`);
  for (const one of tables) await copy(db, one, what);
  await db.query('commit');
  await db.query('analyze');
}

async function copy(
  db: pg.Client,
  { table, id, set }: Copied,
  what: { model: string; count: number },
): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  const names = rows.map((row) => row.name);
  const values = names.map((name) => set[name] ?? `m.${name}`);
  await db.query(
    `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${table} m, generate_series(1, $2::int) i where m.${id} = $1`,
    [what.model, what.count],
  );
}
