// The floor: the least a program can do for the same durable steps, and so the measure of what Kurir costs. Fastify, pg and undici;
// accept with the idempotency key, outcome, conversations and statuses each by group commit; no validation, tenants, lanes, retries or
// recovery.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { fastify } from 'fastify';
import pg from 'pg';
import { Pool } from 'undici';

import { SESSIONS } from '../src/storage/pools.ts';
import { APP_SECRET, GRAPH_TOKEN } from './setting.ts';
import { serveSide, sideInput } from './side.ts';

const TABLES = `
create table idempotency_keys (key text primary key, message_id text not null);
create table messages (id text primary key, phone_number_id text not null, recipient text not null, body jsonb not null,
  status text not null, rank smallint not null, wamid text, status_at timestamptz not null) with (fillfactor = 60);
create table tellings (id text primary key, body text not null);
create table deliveries (id text primary key, telling text not null, subscriber smallint not null, state text not null,
  done_at timestamptz);
create table conversations (phone_number_id text not null, recipient text not null, last_sent_at timestamptz not null,
  primary key (phone_number_id, recipient)) with (fillfactor = 60);`;

const ACCEPT = `
with input as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[]) as t (id, key, phone_number_id, recipient, body)
), keyed as (
  insert into idempotency_keys (key, message_id) select key, id from input order by key on conflict do nothing returning message_id
)
insert into messages (id, phone_number_id, recipient, body, status, rank, status_at)
select id, phone_number_id, recipient, body, 'queued', 0, now() from input where id in (select message_id from keyed) returning id`;

const PROGRESS = `
update messages m set status = t.status, rank = t.rank, wamid = coalesce(m.wamid, t.wamid), status_at = to_timestamp(t.at)
from unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::float8[]) as t (id, status, rank, wamid, at)
where m.id = t.id and m.rank < t.rank`;

// A plan made while the tables were empty would be kept for minutes: each row is a probe into an index, as with the gateway.
const PROBES = SESSIONS.hot.map((setting) => `-c ${setting}`).join(' ');

// The same, with what is told of it: the body once, and a row for each subscriber.
const PROGRESS_TOLD = `
with moved as (${PROGRESS}),
told as (insert into tellings (id, body) select id, body from unnest($6::text[], $7::text[]) as t (id, body))
insert into deliveries (id, telling, subscriber, state)
select id, telling, subscriber, 'pending' from unnest($8::text[], $9::text[], $10::smallint[]) as t (id, telling, subscriber)`;

const DONE = `update deliveries d set state = 'done', done_at = now() from unnest($1::text[]) as t (id) where d.id = t.id`;

// Whom the business writes to is part of what is kept: a row for each of its conversations, with the moment it last wrote.
const WRITTEN_TO = `
insert into conversations as c (phone_number_id, recipient, last_sent_at)
select phone_number_id, recipient, to_timestamp(at) from unnest($1::text[], $2::text[], $3::float8[]) as t (phone_number_id, recipient, at)
on conflict (phone_number_id, recipient) do update set last_sent_at = greatest(c.last_sent_at, excluded.last_sent_at)`;
const COLLECT_MS = 500;

const RANKS: Record<string, number> = { pending: 1, sent: 2, delivered: 3, read: 4 };

interface Send {
  id: string;
  key: string;
  phoneNumberId: string;
  body: { to: string };
}

interface Step {
  id: string;
  status: string;
  rank: number;
  wamid: string;
  at: number;
  /** What subscribers hear of it. */
  body: string | undefined;
}

interface Delivery {
  id: string;
  telling: string;
  subscriber: number;
  body: string;
}

interface Envelope {
  object: string;
  entry: { id: string; changes: { field: string; value: Value }[] }[];
}

interface Value {
  metadata: { phone_number_id: string };
  statuses?: Status[];
}

interface Status {
  id: string;
  recipient_id: string;
  status: string;
  timestamp: string;
  biz_opaque_callback_data: string;
}

const { databaseUrl, graphUrl, node, metaConnections, apiKey, subscribers } = sideInput();
const db = new pg.Pool({ connectionString: databaseUrl, max: 10, options: PROBES });
const graph = new Pool(graphUrl, { connections: metaConnections, pipelining: 1 });
const pools = new Map<string, Pool>();
const app = fastify({ logger: false });
const outlets = subscribers.map((url) => ({ url: new URL(url), pool: poolTo(new URL(url).origin) }));
let ids = 0;

const accept = groupCommit<Send, boolean>(async (rows) => {
  const { rows: fresh } = await db.query<{ id: string }>({
    name: 'accept',
    text: ACCEPT,
    values: [
      rows.map((row) => row.id),
      rows.map((row) => row.key),
      rows.map((row) => row.phoneNumberId),
      rows.map((row) => row.body.to),
      rows.map((row) => JSON.stringify(row.body)),
    ],
  });
  const accepted = new Set(fresh.map((row) => row.id));
  return rows.map((row) => accepted.has(row.id));
});

// One row a message and statement, the furthest: an UPDATE … FROM would apply any one of two.
const progress = groupCommit<Step, void>(async (steps) => {
  const furthest = new Map<string, Step>();
  for (const step of steps) if (step.rank > (furthest.get(step.id)?.rank ?? -1)) furthest.set(step.id, step);
  const rows = [...furthest.values()];
  const values = [
    rows.map((row) => row.id),
    rows.map((row) => row.status),
    rows.map((row) => row.rank),
    rows.map((row) => row.wamid),
    rows.map((row) => row.at),
  ];
  const told = steps.flatMap((step) =>
    step.body === undefined ? [] : [{ id: newId('evt'), body: step.body }],
  );
  if (outlets.length === 0 || told.length === 0) {
    await db.query({ name: 'progress', text: PROGRESS, values });
    return steps.map(() => undefined);
  }
  const deliveries = told.flatMap(({ id, body }) =>
    outlets.map((_, subscriber): Delivery => ({ id: newId('wbd'), telling: id, subscriber, body })),
  );
  await db.query({
    name: 'progress-told',
    text: PROGRESS_TOLD,
    values: [
      ...values,
      told.map((one) => one.id),
      told.map((one) => one.body),
      deliveries.map((one) => one.id),
      deliveries.map((one) => one.telling),
      deliveries.map((one) => one.subscriber),
    ],
  });
  for (const one of deliveries) void deliver(one);
  return steps.map(() => undefined);
});

const done = groupCommit<string, void>(async (rows) => {
  await db.query({ name: 'done', text: DONE, values: [rows.toSorted()] });
  return rows.map(() => undefined);
});

// Signed and posted once; the floor has no retries.
async function deliver({ id, subscriber, body }: Delivery): Promise<void> {
  const outlet = outlets[subscriber];
  if (!outlet) return;
  const t = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', APP_SECRET).update(`${t}.${body}`).digest('hex');
  const answer = await outlet.pool.request({
    path: outlet.url.pathname,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-delivery-id': id,
      'x-signature': `t=${t},v1=${signature}`,
    },
    body,
  });
  await answer.body.dump();
  if (answer.statusCode === 200) await done(id);
}

app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) =>
  parsed(null, body),
);

app.post('/v1/:phone_number_id/messages', async (request, reply) => {
  const { phone_number_id: phoneNumberId } = request.params as { phone_number_id: string };
  const body = JSON.parse(String(request.body)) as { to: string };
  const id = newId('msg');
  const key = String(request.headers['idempotency-key']);
  if (!(await accept({ id, key, phoneNumberId, body }))) return reply.code(409).send({ error: 'key in use' });
  // What is accepted alone is not called: the floor has no queue.
  if (request.headers['prefer'] === 'respond-async') return reply.send(said(id, body.to, 'queued'));
  const answer = await graph.request({
    path: `/v24.0/${phoneNumberId}/messages`,
    method: 'POST',
    headers: { authorization: `Bearer ${GRAPH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, biz_opaque_callback_data: id }),
  });
  const taken = (await answer.body.json()) as { messages: [{ id: string }] };
  const wamid = taken.messages[0].id;
  const at = Date.now() / 1_000;
  await progress({ id, status: 'pending', rank: 1, wamid, at, body: undefined });
  wroteTo({ phoneNumberId, recipient: body.to, at });
  return reply.send(said(id, body.to, 'pending', wamid));
});

app.post('/webhooks/meta', async (request, reply) => {
  const body = request.body as Buffer;
  const sum = createHmac('sha256', APP_SECRET).update(body).digest();
  const given = Buffer.from(String(request.headers['x-hub-signature-256']).slice('sha256='.length), 'hex');
  if (given.length !== sum.length || !timingSafeEqual(given, sum)) return reply.code(401).send();
  const { object, entry } = JSON.parse(body.toString()) as Envelope;
  const statuses = entry.flatMap(({ id, changes }) =>
    changes.flatMap(({ field, value }) =>
      (value.statuses ?? []).map((one) => ({
        ...one,
        body: outlets.length === 0 ? undefined : tell(one, { object, id, field, value }),
      })),
    ),
  );
  await Promise.all(
    statuses.map((one) =>
      progress({
        id: one.biz_opaque_callback_data,
        status: one.status,
        rank: RANKS[one.status] ?? 0,
        wamid: one.id,
        at: Number(one.timestamp),
        body: one.body,
      }),
    ),
  );
  return reply.send('ok');
});

// In Meta's envelope, as a subscriber is owed it, and whom and what it is about.
function tell(
  one: Status,
  { object, id, field, value }: { object: string; id: string; field: string; value: Value },
): string {
  const { phone_number_id: phoneNumberId } = value.metadata;
  return JSON.stringify({
    object,
    entry: [{ id, changes: [{ field, value: { ...value, statuses: [one] } }] }],
    about: {
      contact: { id: one.recipient_id, phone: one.recipient_id, user_id: null, name: null },
      message_id: one.biz_opaque_callback_data,
      conversation_id: `${phoneNumberId}/${one.recipient_id}`,
      phone_number_id: phoneNumberId,
    },
  });
}

interface Written {
  phoneNumberId: string;
  recipient: string;
  at: number;
}

const written = new Map<string, Written>();
let writing: NodeJS.Timeout | undefined;

// Once for a burst, beside the send.
function wroteTo(row: Written): void {
  written.set(`${row.phoneNumberId}/${row.recipient}`, row);
  writing ??= setTimeout(() => void keepWritten(), COLLECT_MS);
}

async function keepWritten(): Promise<void> {
  const rows = [...written.values()];
  written.clear();
  writing = undefined;
  await db.query({
    name: 'written-to',
    text: WRITTEN_TO,
    values: [
      rows.map((row) => row.phoneNumberId),
      rows.map((row) => row.recipient),
      rows.map((row) => row.at),
    ],
  });
}

function newId(prefix: string): string {
  return `${prefix}_${Date.now().toString(36)}${node}${(ids++).toString(36).padStart(8, '0')}`;
}

// Of all subscribers at one origin, as few connections as it takes.
function poolTo(origin: string): Pool {
  const known = pools.get(origin) ?? new Pool(origin, { connections: 256, pipelining: 1 });
  pools.set(origin, known);
  return known;
}

function said(id: string, to: string, status: string, wamid?: string): object {
  return { data: { id, object: 'message', to, type: 'text', status, message_id: wamid ?? null } };
}

// What arrives while a statement is under way goes into the next one.
function groupCommit<Row, Result>(write: (rows: Row[]) => Promise<Result[]>): (row: Row) => Promise<Result> {
  let waiting: { row: Row; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  let running = false;
  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const results = await write(batch.map((one) => one.row));
        for (const [i, one] of batch.entries()) one.resolve(results[i] as Result);
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    running = false;
  }
  return (row) =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (running) return;
      running = true;
      setImmediate(() => void run());
    });
}

if (apiKey === undefined) await db.query(TABLES);
const url = await app.listen({ host: '127.0.0.1', port: 0 });
serveSide(
  {
    url,
    apiKey: 'none',
    countRead: `select count(*)::int as count from messages where status = 'read'`,
    countTold: `select count(*)::int as count from deliveries where state = 'done'`,
    countMisplaced: 'select 0 as count',
  },
  async () => {
    await app.close();
    await graph.close();
    for (const pool of pools.values()) await pool.close();
    await db.end();
  },
);
