// Several things in one POST: how they share it, in which order, how often, and signed how.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import { part, parts, word } from '../json-parts.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { control, errorOf, NUMBER, sendText, WABA, wamidOf } from '../testing/client.ts';
import { isSigned, startReceiver, type Heard, type Receiver } from '../testing/receiver.ts';

const OTHER_NUMBER = '200000000000001';
const OTHER_WABA = '300000000000001';

interface House extends AsyncDisposable {
  receiver: Receiver;
  simulator: Simulator;
}

/** With a second number of another account, and the clock standing still. */
async function startHouse(): Promise<House> {
  const receiver = await startReceiver();
  const simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    webhookRetryMs: [0],
    seed: 5,
  });
  simulator.control.setClock({ mode: 'frozen', now: '2026-11-20T08:00:00Z' });
  simulator.control.putNumber(OTHER_NUMBER, {
    display_phone_number: '+15550100000',
    waba_id: OTHER_WABA,
  });
  return {
    receiver,
    simulator,
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const text = (id: string, more: JsonObject = {}): JsonObject => ({ type: 'text', text: id, id, ...more });

/** The posts of a batch, and its answer. */
async function post({ simulator, receiver }: House, batch: JsonObject): Promise<Heard[]> {
  const before = receiver.heard.length;
  expect((await control(simulator, 'POST /batches', batch)).status).toBe(200);
  await simulator.control.settled();
  return receiver.heard.slice(before);
}

/** Of each entry its account and its changes: field, and the ids of what is in them. */
function laidOut({ json }: Heard): unknown[] {
  return parts(json, 'entry').map((entry) => [
    entry['id'],
    ...parts(entry, 'changes').map((change) => {
      const value = part(change, 'value');
      const ids = [...parts(value, 'messages'), ...parts(value, 'statuses')].map((one) => word(one['id']));
      return [word(change['field']), ...ids].join(' ');
    }),
  ]);
}

test('one POST: changes in the entry of their account, an entry each, or one value a number', async () => {
  await using house = await startHouse();
  const wamid = wamidOf(await sendText(house.simulator));
  const batch = (n: number): JsonObject => ({
    updates: [
      { phone: '628111111111', send: text(`a${n}`) },
      { phone: '628111111111', send: text(`b${n}`) },
      { phone: '628222222222', send: text(`c${n}`, { number: OTHER_NUMBER }) },
      { status: { message: wamid, status: 'sent' } },
      { field: { field: 'account_alerts', value: { entity_type: 'WABA' } } },
    ],
  });
  const [changes] = await post(house, batch(1));
  expect(changes && isSigned(changes)).toBe(true);
  expect(changes && laidOut(changes)).toEqual([
    [WABA, 'messages a1', 'messages b1', `messages ${wamid}`],
    [OTHER_WABA, 'messages c1'],
    [WABA, 'account_alerts'],
  ]);
  const [entries, ...more] = await post(house, { ...batch(2), layout: 'entries' });
  expect(more).toEqual([]);
  expect(entries && laidOut(entries)).toEqual([
    [WABA, 'messages a2'],
    [WABA, 'messages b2'],
    [OTHER_WABA, 'messages c2'],
    [WABA, `messages ${wamid}`],
    [WABA, 'account_alerts'],
  ]);
  const [values] = await post(house, { ...batch(3), layout: 'values' });
  expect(values && laidOut(values)).toEqual([
    [WABA, `messages a3 b3 ${wamid}`],
    [OTHER_WABA, 'messages c3'],
    [WABA, 'account_alerts'],
  ]);
  // The same customer stands there once: the two messages and the status are all of one.
  expect(parts(values?.value ?? {}, 'contacts')).toHaveLength(1);
  expect(Object.keys(values?.value ?? {})).toEqual([
    'messaging_product',
    'metadata',
    'contacts',
    'messages',
    'statuses',
  ]);
});

test('a thousand in one POST; more are refused', async () => {
  await using house = await startHouse();
  const updates = Array.from({ length: 1000 }, (_, i) => ({ phone: '628111111111', send: text(`m${i}`) }));
  const posts = await post(house, { updates });
  expect(posts).toHaveLength(1);
  expect(house.receiver.messages().map((one) => one['id'])).toEqual(updates.map(({ send }) => send['id']));
  const refused = await control(house.simulator, 'POST /batches', { updates: [...updates, ...updates] });
  expect([refused.status, errorOf(refused)['param']]).toEqual([400, 'updates']);
});

test('the same POST again, and each again that is not answered', async () => {
  await using house = await startHouse();
  house.receiver.answers = [503];
  const updates = [
    { phone: '628111111111', send: text('a') },
    { phone: '628111111111', send: text('b') },
  ];
  const posts = await post(house, { updates, times: 3, layout: 'values' });
  expect(posts).toHaveLength(4);
  expect(new Set(posts.map(({ body }) => body)).size).toBe(1);
  expect(house.simulator.control.webhooks().pending).toBe(0);
});

test('out of order: reversed or shuffled, in one POST or one after the other', async () => {
  await using house = await startHouse();
  const ids = Array.from({ length: 8 }, (_, i) => `${i}`);
  const updates = (n: number): JsonObject[] =>
    ids.map((id) => ({ phone: '628111111111', send: text(`${n}${id}`) }));
  const order = async (n: number, more: JsonObject): Promise<unknown[]> => {
    const posts = await post(house, { updates: updates(n), ...more });
    return posts.flatMap((one) =>
      parts(one.json, 'entry').flatMap((entry) =>
        parts(entry, 'changes').flatMap((change) =>
          parts(part(change, 'value'), 'messages').map((message) => word(message['id']).slice(1)),
        ),
      ),
    );
  };
  expect(await order(1, { order: 'reversed' })).toEqual(ids.toReversed());
  expect(await order(2, { order: 'reversed', layout: 'posts' })).toEqual(ids.toReversed());
  const shuffled = await order(3, { order: 'shuffled', layout: 'posts' });
  expect(shuffled).not.toEqual(ids);
  expect(new Set(shuffled)).toEqual(new Set(ids));
  expect(shuffled).toHaveLength(ids.length);
  expect(await order(4, { layout: 'posts', times: 2 })).toEqual(ids.flatMap((id) => [id, id]));
});

test('forged: another secret, no signature, the legacy one alone, a body changed afterwards', async () => {
  await using house = await startHouse();
  const heard = async (n: number, forged: string): Promise<Heard> => {
    house.receiver.answers = [401, 401];
    const updates = [{ phone: '628111111111', send: text(`f${n}`) }];
    const [first, again] = await post(house, { updates, forged });
    if (!first) throw new Error('Nothing was posted.');
    expect(again).toMatchObject({ body: first.body, signature: first.signature });
    return first;
  };
  const foreign = await heard(1, 'secret');
  expect(foreign.signature).toMatch(/^sha256=[0-9a-f]{64}$/);
  expect(isSigned(foreign)).toBe(false);
  const legacy = createHmac('sha1', 'simulated-app-secret');
  const old = await heard(2, 'legacy');
  expect([old.signature, old.headers['x-hub-signature']]).toEqual([
    'undefined',
    `sha1=${legacy.update(old.body).digest('hex')}`,
  ]);
  const unsigned = await heard(3, 'none');
  expect([unsigned.signature, unsigned.headers['x-hub-signature']]).toEqual(['undefined', undefined]);
  const altered = await heard(4, 'altered');
  expect(isSigned(altered)).toBe(false);
  expect(isSigned({ ...altered, body: altered.body.trimEnd() })).toBe(true);
});

test('what is told in a batch is so: in the list, with an open window, and the status lives on', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  const wamid = wamidOf(await sendText(simulator));
  const { ids } = simulator.control.batch({
    updates: [
      { phone: '628111111111', send: { type: 'text', text: 'Halo' } },
      { status: { message: wamid, status: 'sent' } },
    ],
  });
  expect(simulator.control.messages({ id: ids[0] ?? '' })).toMatchObject([{ text: 'Halo' }]);
  expect(ids[1]).toBe(wamid);
  expect(simulator.control.phone('628111111111').window_open[NUMBER]).toBe(true);
  await simulator.control.advance({ by: '1m' });
  expect(house.receiver.statuses().map((one) => one['status'])).toEqual(['sent', 'delivered']);
  for (const [update, param] of [
    [{ phone: '628111111111', send: { type: 'smoke' } }, 'type'],
    [{ status: { message: 'wamid.x', status: 'read' } }, 'message'],
    [{ field: { field: 'calls', value: {}, number: '1' } }, 'number'],
  ] as const) {
    const before = { phone: '628111111111', send: text(`before ${param}`) };
    const refused = await control(simulator, 'POST /batches', { updates: [before, update] });
    expect(errorOf(refused)['param']).toBe(param);
  }
  await simulator.control.settled();
  const told = house.receiver.messages().map((one) => one['id']);
  expect(told.slice(-3)).toEqual(['before type', 'before message', 'before number']);
});
