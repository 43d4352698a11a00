// The hot statements of webhooks go by their indexes, over the partitions of many days, on empty tables and on filled ones; and where the
// moment of a row is known only its own day is looked into.
import { expect, test } from 'vitest';

import { keepPartitions } from '../src/chores/sweep-store.ts';
import type { Queryable } from '../src/storage/db.ts';
import { giveBack, settleRows } from '../src/webhooks/delivery-store.ts';
import { startHook } from './support/hook.ts';
import { plansOf, preparedIn } from './support/hot-plans.ts';
import { startHouse, until, type House } from './support/house.ts';
import { deliveriesOf, LOOPBACK, settled, subscribe, writes } from './support/subscriber.ts';

const HOT = [
  'join-lines',
  'next-due',
  'select-standing',
  'settle-deliveries',
  'settle-lines',
  'take-deliveries',
  'take-lines',
  'tell',
];
const DAYS = 20;

test('every hot statement goes by an index, however many days there are and however full they are', async () => {
  await using house = await startHouse({ config: { ...LOOPBACK, databaseConnections: 3 } });
  await using hook = await startHook();
  await days(house);
  const failing = await subscribe(house, { url: `${hook.url}/again` });
  const ordered = await subscribe(house, { url: hook.url, ordered: true });
  const asked = new Set<string | undefined>();
  hook.answer(({ url }, response) => {
    response.writeHead(url?.endsWith('again') && !asked.has(url) ? 500 : 200).end();
    asked.add(url);
  });
  await writes(house, '12025550171', 'one', 'two');
  await settled(house, failing);
  await settled(house, ordered);
  await until('every hot statement', async () => (await waysOf(house)).size === HOT.length);
  const plans = await waysOf(house);
  expect(plans).toMatchSnapshot();
  for (const [name, lines] of plans)
    expect(lines.join('\n'), name).not.toMatch(/Seq Scan|Hash Join|Merge Join/);
  await fill(house);
  expect(await waysOf(house)).toEqual(plans);
}, 60_000);

test('a row whose moment is known is looked for in its own day', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await days(house);
  await fill(house);
  const [first, ...others] = (await deliveriesOf(house, 'wbs_1')).filter((row) => row.state === 'pending');
  const rows = [first, others.at(-1)].flatMap((row) =>
    row ? [{ organisationId: house.organisationId, id: row.id, createdAt: row.created_at.getTime() }] : [],
  );
  const now = Date.now();
  const over = { state: 'succeeded', attempt: 1, dueAt: null, finishedAt: now } as const;
  const tried = { at: new Date(now).toISOString(), ms: 1, status: 200 };
  const settling = await scansOf(house, (db) =>
    settleRows(
      db,
      rows.map((row) => ({ ...row, ...over, try: tried })),
    ),
  );
  const giving = await scansOf(house, (db) => giveBack(db, rows, now));
  for (const scans of [settling, giving]) {
    const done = scans.filter((line) => !line.includes('never executed'));
    expect(done).toHaveLength(rows.length);
    for (const scan of done) expect(scan).toContain('_pkey');
    expect(scans.length).toBeGreaterThan(DAYS);
  }
});

async function days(house: House): Promise<void> {
  for (const table of ['tellings', 'deliveries'] as const)
    await keepPartitions(house.ctx.db, { table, daysAhead: DAYS, keepDays: 30 });
}

/** The ways to the tables, days and copies taken together. */
async function waysOf(house: House): Promise<Map<string, string[]>> {
  const plans = await plansOf(house);
  const named = (await preparedIn(house)).map(({ name }) => name).filter((name) => HOT.includes(name));
  return new Map(
    named.map((name) => {
      const lines = (plans.get(name) ?? []).map((line) =>
        line
          .replaceAll(/_(\d{8}|default)\b/g, '')
          .replaceAll(/_(\d{8}|default)_/g, '_')
          .replaceAll(/\b([a-z]+)_\d+\b/g, '$1'),
      );
      return [name, [...new Set(lines)]];
    }),
  );
}

async function scansOf(house: House, ask: (db: Queryable) => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  await ask({
    async query(text, values) {
      const plan = await house.ctx.db.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, costs off) ${text}`,
        values,
      );
      lines.push(...plan.map((row) => row['QUERY PLAN']));
      return [];
    },
  });
  return lines.filter(
    (line) => /(Index|Seq|Heap) .*Scan|Index Scan|Seq Scan/.test(line) && line.includes('deliveries'),
  );
}

// Of many subscriptions, due and over, in lines and out of them.
async function fill(house: House): Promise<void> {
  const { db } = house.ctx;
  await db.query(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, conversation, turn, state, due_at)
     select $1, 'wbd_' || g, 'wbs_' || g % 50, 'evt_' || g, 'kirim', 'message.received', at, at, case when g % 2 = 0 then 'c' || g % 1000 end,
       case when g % 2 = 0 then g end, case when g % 3 = 0 then 'succeeded' else 'pending' end, case when g % 2 = 1 then at end
     from generate_series(1, 20000) g, lateral (select date_trunc('milliseconds', now()) + make_interval(days => g % $2::int) as at) t`,
    [house.organisationId, DAYS],
  );
  await db.query(
    `insert into tellings (organisation_id, event_id, dialect, type, name, subject, source, body, created_at)
     select organisation_id, event_id, dialect, type, 'n', 's', 'meta', '{}', told_at from deliveries on conflict do nothing`,
  );
  await db.query(
    `insert into delivery_lines (organisation_id, subscription_id, conversation, wait_ms, full_at, last_turn, due_at, joined_at)
     select $1, 'wbs_' || g % 50, 'c' || g, 0, 1, 1, now(), now() from generate_series(1, 20000) g`,
    [house.organisationId],
  );
  for (const table of ['deliveries', 'tellings', 'delivery_lines']) await db.query(`analyze ${table}`);
}
