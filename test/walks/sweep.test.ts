// What is past its time goes, wherever its rows are: in a day's partition, or in the one for all other days.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { createSweep } from '../../src/chores/sweep.ts';
import { startHouse, type House } from '../support/house.ts';
import { inboundText, messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';

const TOLD = ['tellings', 'deliveries'] as const;

let house: House;

beforeAll(async () => {
  house = await startHouse();
  await house.request('POST', '/v1/webhook_subscriptions', {
    url: 'https://hooks.example.com/kurir',
    events: ['message.received'],
  });
});

afterAll(() => house[Symbol.asyncDispose]());

beforeEach(async () => {
  for (const table of TOLD) await house.ctx.db.query(`delete from ${table}`);
});

let written = 0;

/** A customer's message that was told so many days ago; the id of the event. */
async function toldAgo(days: number): Promise<string> {
  const wamid = `wamid.sweep-${++written}`;
  await postWebhook(house, messageEnvelope([inboundText('628111222333', wamid, 'Halo')]));
  const [telling] = await house.ctx.db.query<{ id: string }>(
    'select event_id as id from tellings where subject = $1',
    [wamid],
  );
  const id = telling?.id ?? '';
  await house.ctx.db.query(
    'update tellings set created_at = created_at - make_interval(days => $2) where event_id = $1',
    [id, days],
  );
  await house.ctx.db.query(
    `update deliveries set created_at = created_at - make_interval(days => $2), told_at = told_at - make_interval(days => $2)
     where event_id = $1`,
    [id, days],
  );
  return id;
}

async function kept(): Promise<string[][]> {
  return Promise.all(
    TOLD.map(async (table) => {
      const rows = await house.ctx.db.query<{ id: string }>(
        `select event_id as id from ${table} order by created_at`,
      );
      return rows.map(({ id }) => id);
    }),
  );
}

function sweep(keepMessagesDays = 0): Promise<void> {
  const { ctx } = house.gateway;
  return createSweep({ ...ctx, config: { ...ctx.config, keepMessagesDays } }).sweep();
}

test('what was told is kept for thirty days', async () => {
  await toldAgo(32);
  const [old, young] = [await toldAgo(29), await toldAgo(0)];
  await sweep();
  expect(await kept()).toEqual([
    [old, young],
    [old, young],
  ]);
});

test('where messages are kept shorter, so are the words in which they were told', async () => {
  const longer = await toldAgo(5);
  await sweep(31);
  expect(await kept()).toEqual([[longer], [longer]]);
  const young = await toldAgo(2);
  await sweep(3);
  expect(await kept()).toEqual([[young], [young]]);
});

test('of many rows all go', async () => {
  await house.ctx.db.query(
    `insert into inbound_aside (app_id, field, reason, change, received_at)
     select 'app', 'calls', 'unknown', '{}', now() - interval '40 days' from generate_series(1, 12000)`,
  );
  await sweep();
  expect(await house.ctx.db.query('select id from inbound_aside')).toEqual([]);
});

test('a replay whose words have gone is ended', async () => {
  const id = await toldAgo(40);
  await house.ctx.db.query(
    `update deliveries set created_at = now(), replayed_from = 'wbd_before', due_at = now() where event_id = $1`,
    [id],
  );
  const waiting = await toldAgo(0);
  await sweep();
  const rows = await house.ctx.db.query('select event_id as id, state from deliveries order by created_at');
  expect(rows).toEqual([
    { id, state: 'dead' },
    { id: waiting, state: 'pending' },
  ]);
});
