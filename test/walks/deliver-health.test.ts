// A subscription whose deliveries die is turned off, with the reason, and turned on again by a person; one that is paused misses nothing;
// one that is deleted hears nothing more.
import { expect, test } from 'vitest';

import { newId } from '../../src/kernel/ids.ts';
import { startHook, type Heard, type Hook } from '../support/hook.ts';
import { startHouse, until, type House } from '../support/house.ts';
import {
  deliveriesOf,
  LOOPBACK,
  organisationOf,
  settled,
  subscribe,
  textsIn,
  writes,
} from '../support/subscriber.ts';
import { dayTurnedByHand } from '../support/turnable-clock.ts';

const ANA = '12025550171';
const DEAD_MAX = { ...LOOPBACK, webhookDeadMax: 3 };

async function shown(house: House, id: string) {
  return (await house.gateway.webhooks.read(organisationOf(house), id)).subscription;
}

async function isOff(house: House, id: string) {
  return until('it is turned off', async () => {
    const one = await shown(house, id);
    return one.status === 'disabled' && one;
  });
}

/** Refuses for good what says no, for now what says later. */
function moody(hook: Hook): void {
  hook.answer((_request, response, { body }) => {
    response.writeHead(body.includes('"no') ? 400 : body.includes('"later') ? 500 : 200).end();
  });
}

async function turnOn(house: House, id: string): Promise<void> {
  await house.gateway.webhooks.change(organisationOf(house), id, { status: 'active' });
}

test('so many dead in a row turn it off; the others are told; what waits goes out when it is turned on again', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: { ...DEAD_MAX, webhookRetryScale: 1 }, clock });
  await using hook = await startHook();
  await using other = await startHook();
  moody(hook);
  const id = await subscribe(house, { url: hook.url, events: ['*'] });
  const watching = await subscribe(house, { url: other.url, events: ['webhook_subscription.disabled'] });
  await writes(house, ANA, 'later');
  await until('its first try', async () => (await deliveriesOf(house, id)).some((row) => row.attempt === 1));
  await writes(house, ANA, 'no 1');
  await writes(house, ANA, 'no 2');
  await writes(house, ANA, 'no 3');
  const off = await isOff(house, id);
  expect(off.statusReason).toBe('3 deliveries in a row failed; the last one: HTTP 400.');
  await settled(house, watching);
  expect(other.heard).toHaveLength(1);
  expect(other.heard[0]?.headers['x-kirim-event']).toBe('webhook_subscription.disabled');
  expect(JSON.parse(other.heard[0]?.body ?? '')).toMatchObject({
    data: { webhook_subscription: { id, status: 'disabled' }, reason: off.statusReason },
  });
  const kept = await deliveriesOf(house, id);
  await writes(house, ANA, 'meanwhile');
  expect(await deliveriesOf(house, id)).toHaveLength(kept.length + 1);
  expect(kept.map((row) => row.type)).not.toContain('webhook_subscription.disabled');
  hook.answer(200);
  await turnOn(house, id);
  clock.turn(60_000);
  await settled(house, id);
  expect(texts(hook.heard).slice(-2).toSorted(byText)).toEqual(['later', 'meanwhile']);
  expect(await shown(house, id)).toMatchObject({ status: 'active', statusReason: null, deadInARow: 0 });
});

test('410 turns it off at once: the receiver says that it is gone', async () => {
  await using house = await startHouse({ config: DEAD_MAX });
  await using hook = await startHook();
  hook.answer(410);
  const id = await subscribe(house, { url: hook.url });
  await writes(house, ANA, 'one');
  expect((await isOff(house, id)).statusReason).toBe('The receiver answered 410: it is gone.');
  expect(await settled(house, id)).toMatchObject([{ state: 'dead', attempt: 1 }]);
});

test('a success begins the count anew, whichever node had it', async () => {
  await using house = await startHouse({ config: DEAD_MAX });
  await using hook = await startHook();
  moody(hook);
  const id = await subscribe(house, { url: hook.url });
  const other = await house.addNode({ config: DEAD_MAX });
  const dead = async (count: number) =>
    until(`${count} dead`, async () => (await shown(house, id)).deadInARow === count);
  await writes(house, ANA, 'no 1', 'no 2');
  await dead(2);
  let yes = 0;
  await until('the other node’s success counts', async () => {
    await writes(other, ANA, `yes ${yes++}`);
    return (await shown(house, id)).deadInARow === 0;
  });
  await writes(house, ANA, 'no 3', 'no 4');
  await dead(2);
  await writes(house, ANA, 'yes');
  await dead(0);
  expect((await shown(house, id)).status).toBe('active');
  await writes(house, ANA, 'no 5', 'no 6', 'no 7');
  await isOff(house, id);
});

test.each([true, false])(
  'what happens while it is paused comes afterwards (in order where it is asked for: %s)',
  async (ordered) => {
    await using house = await startHouse({ config: LOOPBACK });
    await using hook = await startHook();
    const id = await subscribe(house, { url: hook.url, ordered });
    await house.gateway.webhooks.change(organisationOf(house), id, { status: 'paused' });
    const said = Array.from({ length: 12 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    for (const text of said) await writes(house, ANA, text);
    expect((await deliveriesOf(house, id)).map((row) => [row.state, row.attempt])).toEqual(
      said.map(() => ['pending', 0]),
    );
    await turnOn(house, id);
    await settled(house, id);
    expect(ordered ? texts(hook.heard) : texts(hook.heard).toSorted()).toEqual(said);
  },
);

test.each([true, false])('what waits for one that is deleted ends there (ordered: %s)', async (ordered) => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const id = await subscribe(house, { url: hook.url, ordered });
  await house.gateway.webhooks.change(organisationOf(house), id, { status: 'paused' });
  await writes(house, ANA, 'one', 'two', 'three');
  await house.gateway.webhooks.remove(organisationOf(house), id);
  const rows = await deliveriesOf(house, id);
  expect(rows.map((row) => [row.state, row.due_at, row.turn])).toEqual(rows.map(() => ['dead', null, null]));
  expect(rows).toHaveLength(3);
  expect(await house.ctx.db.query('select from delivery_lines')).toEqual([]);
  await writes(house, ANA, 'four');
  expect(await deliveriesOf(house, id)).toHaveLength(3);
  expect(hook.heard).toEqual([]);
});

test('what was still written for one that is gone ends with the sweep', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  const id = newId('wbs', Date.now());
  await house.ctx.db.query(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, conversation, turn, state, due_at)
     values ($1, 'wbd_1', $2, 'evt_1', 'kirim', 'message.received', now(), now(), null, null, 'pending', now()),
            ($1, 'wbd_2', $2, 'evt_2', 'kirim', 'message.received', now(), now(), 'c', 1, 'pending', null)`,
    [house.organisationId, id],
  );
  await house.ctx.db.query(
    `insert into delivery_lines (organisation_id, subscription_id, conversation, wait_ms, full_at, last_turn, due_at, joined_at)
     values ($1, $2, 'c', 0, 1, 1, now(), now())`,
    [house.organisationId, id],
  );
  // A start sweeps.
  await house.restart();
  const rows = await settled(house, id);
  expect(rows.map((row) => [row.state, row.due_at, row.turn])).toEqual([
    ['dead', null, null],
    ['dead', null, null],
  ]);
  await until(
    'its line is gone',
    async () => (await house.ctx.db.query('select from delivery_lines')).length === 0,
  );
});

test('what waits is taken by two nodes, each of it once', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using hook = await startHook();
  const id = await subscribe(house, { url: hook.url });
  await house.gateway.webhooks.change(organisationOf(house), id, { status: 'paused' });
  const said = Array.from({ length: 60 }, (_, i) => `t${String(i).padStart(2, '0')}`);
  await writes(house, ANA, ...said);
  await house.addNode({ config: LOOPBACK });
  await turnOn(house, id);
  const rows = await settled(house, id);
  expect(texts(hook.heard).toSorted()).toEqual(said);
  expect(rows.map((row) => row.tries.length)).toEqual(said.map(() => 1));
});

test('an endpoint that never answers slows no other: all of the other’s come before one of its own has failed', async () => {
  await using house = await startHouse({ config: { ...LOOPBACK, shutdownMs: 3_100 } });
  await using dead = await startHook();
  await using well = await startHook();
  dead.answer(() => undefined);
  const stuck = await subscribe(house, { url: dead.url });
  await subscribe(house, { url: well.url });
  for (let i = 0; i < 10; i++)
    await writes(house, ANA, ...Array.from({ length: 30 }, (_, j) => `t${i}-${j}`));
  await until('all of the one that is well', async () => well.heard.length === 300);
  const rows = await deliveriesOf(house, stuck);
  expect(rows).toHaveLength(300);
  expect(rows.flatMap((row) => row.tries)).toEqual([]);
});

function texts(heard: readonly Heard[]): string[] {
  return heard.flatMap(textsIn);
}

test('when a delivery last succeeded, and when one last died, is shown', async () => {
  await using house = await startHouse({ config: DEAD_MAX });
  await using hook = await startHook();
  moody(hook);
  const id = await subscribe(house, { url: hook.url, events: ['message.received'] });
  await writes(house, ANA, 'no');
  const died = await until('a death', async () => {
    const one = await shown(house, id);
    return one.lastFailureAt !== null && one;
  });
  expect(died).toMatchObject({ lastSuccessAt: null, deadInARow: 1 });
  await writes(house, ANA, 'yes');
  const well = await until('a success', async () => {
    const one = await shown(house, id);
    return one.lastSuccessAt !== null && one;
  });
  expect(well.deadInARow).toBe(0);
});

test('of a subscription that never failed, too', async () => {
  await using house = await startHouse({ config: DEAD_MAX });
  await using hook = await startHook();
  const id = await subscribe(house, { url: hook.url, events: ['message.received'] });
  await writes(house, ANA, 'yes');
  await until('a success', async () => (await shown(house, id)).lastSuccessAt !== null);
});

test('what happens long after it was turned off is kept for nobody', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: DEAD_MAX, clock });
  await using hook = await startHook();
  hook.answer(410);
  const id = await subscribe(house, { url: hook.url });
  await writes(house, ANA, 'one');
  await isOff(house, id);
  await writes(house, ANA, 'two');
  expect(await deliveriesOf(house, id)).toHaveLength(2);
  clock.turn(3 * 24 * 3_600_000 + 60_000);
  await writes(house, ANA, 'three');
  expect(await deliveriesOf(house, id)).toHaveLength(2);
});

test('an endpoint of which no try succeeds for 37 hours is turned off, though nothing has died', async () => {
  const clock = dayTurnedByHand();
  await using house = await startHouse({ config: { ...DEAD_MAX, webhookRetryScale: 1 }, clock });
  await using hook = await startHook();
  hook.answer(500);
  const id = await subscribe(house, { url: hook.url });
  const first = await fails('one');
  expect((await shown(house, id)).status).toBe('active');
  clock.turn(36 * 3_600_000);
  await fails('two');
  expect((await shown(house, id)).status).toBe('active');
  clock.turn(2 * 3_600_000);
  await writes(house, ANA, 'three');
  const { statusReason } = await until('it is turned off', async () => {
    clock.turn(1_000);
    const one = await shown(house, id);
    return one.status === 'disabled' && one;
  });
  expect(statusReason).toBe(`No try has succeeded since ${first}; the last one: HTTP 500.`);

  async function fails(said: string): Promise<string> {
    const tries = hook.heard.length;
    await writes(house, ANA, said);
    await until('its try', async () => {
      clock.turn(1_000);
      return hook.heard.length > tries;
    });
    const [row] = await until('it to be written down', () => failing());
    return row?.failing_since.toISOString() ?? '';
  }

  async function failing(): Promise<{ failing_since: Date }[] | false> {
    const rows = await house.ctx.db.query<{ failing_since: Date }>(
      'select failing_since from webhook_subscriptions where failing_since is not null',
    );
    return rows.length > 0 && rows;
  }
});

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}
