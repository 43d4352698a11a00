// The database's answer is lost: at the accept, at the outcome, and when it is away for a while. Nothing accepted is lost, nothing is sent
// twice, and whoever was told "not accepted" is not in Meta's ledger.
import { expect, inject, test } from 'vitest';

import { startHouse, until } from '../support/house.ts';
import { openWire } from '../support/wire.ts';

const TO = '+12025550120';
const sentTo = (house: Awaited<ReturnType<typeof startHouse>>) =>
  house.simulator.control.messages({ to: TO.slice(1), direction: 'outbound' });

test('the answer to an accept is lost: the message is accepted once, or not at all, and the key tells which', async () => {
  await using wire = await openWire(inject('databaseUrl'));
  await using house = await startHouse({
    gatewayDatabaseUrl: wire.url,
    simulator: { windowEnforced: false },
  });
  await house.sendText(TO, 'before');
  wire.mute();
  const lost = house.sendText(TO, 'lost', { 'idempotency-key': 'lost', prefer: 'wait=10' });
  await until('the row of the lost accept', async () => {
    const rows = await house.ctx.db.query("select 1 from idempotency_keys where key = 'lost'");
    return rows.length > 0;
  });
  wire.cut();
  const answer = await lost;
  expect([200, 503], answer.text).toContain(answer.status);
  const again = await house.sendText(TO, 'lost', { 'idempotency-key': 'lost', prefer: 'wait=10' });
  expect(again.status, again.text).toBe(200);
  await until('the message at Meta', async () => sentTo(house).length >= 2);
  await house.simulator.control.settled();
  expect(sentTo(house).map((one) => one.text)).toEqual(['before', 'lost']);
  if (answer.status === 200) expect(again.body.data.id).toBe(answer.body.data.id);
}, 60_000);

test('the answer to forbidding a lost accept is lost, too: it was not accepted, and is told so', async () => {
  await using wire = await openWire(inject('databaseUrl'));
  await using house = await startHouse({
    gatewayDatabaseUrl: wire.url,
    simulator: { windowEnforced: false },
  });
  await house.sendText(TO, 'before');
  wire.freeze();
  const lost = house.sendText(TO, 'lost', { 'idempotency-key': 'lost' });
  await until('the accept on its way', async () => wire.held() > 0);
  wire.cut();
  wire.release();
  wire.hold('void_messages');
  await until('the forbidden id', async () => {
    const rows = await house.ctx.db.query("select 1 from message_states where state = 'void'");
    return rows.length > 0;
  });
  wire.cut();
  wire.release();
  const answer = await lost;
  expect(answer.status, answer.text).toBe(503);
  const again = await house.sendText(TO, 'lost', { 'idempotency-key': 'lost' });
  expect(again.status, again.text).toBe(200);
  await until('the message at Meta', async () => sentTo(house).length >= 2);
  expect(sentTo(house).map((one) => one.text)).toEqual(['before', 'lost']);
}, 60_000);

test('the answer to an outcome is lost: it is recorded all the same, and nothing goes twice', async () => {
  await using wire = await openWire(inject('databaseUrl'));
  await using house = await startHouse({
    gatewayDatabaseUrl: wire.url,
    simulator: { latencyMs: 300, statusDelaysMs: { sent: 3_600_000, delivered: 0, read: 0 } },
  });
  const sending = house.sendText(TO, 'once', { 'idempotency-key': 'once', prefer: 'wait=3' });
  await until('the call at Meta', async () => sentTo(house).length === 1);
  wire.mute();
  await until(
    'the outcome in the table',
    async () => (await house.ctx.db.query("select 1 from message_states where state = 'pending'")).length > 0,
  );
  wire.cut();
  const answer = await sending;
  expect(answer.body.data.status, answer.text).toBe('pending');
  const next = await house.sendText(TO, 'next', { prefer: 'wait=3' });
  expect(next.status, next.text).toBe(200);
  expect(sentTo(house).map((one) => one.text)).toEqual(['once', 'next']);
}, 60_000);

test('the database is away: a clear 503 with Retry-After, and back by itself', async () => {
  await using wire = await openWire(inject('databaseUrl'));
  await using house = await startHouse({
    gatewayDatabaseUrl: wire.url,
    simulator: { windowEnforced: false },
  });
  await house.sendText(TO, 'before');
  wire.refuse(true);
  wire.cut();
  const refused = await house.sendText(TO, 'while away', { 'idempotency-key': 'away' });
  expect(refused.status, refused.text).toBe(503);
  expect(refused.body.error.code).toBe('service_unavailable');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  wire.refuse(false);
  const after = await until('a send that works again', async () => {
    const sent = await house.sendText(TO, 'while away', { 'idempotency-key': 'away', prefer: 'wait=10' });
    return sent.status === 200 && sent;
  });
  expect(after.body.data.status).not.toBe('failed');
  await until('the message at Meta', async () => sentTo(house).length === 2);
}, 60_000);
