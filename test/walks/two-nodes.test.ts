// Two gateways over one database: any of them takes any request, one of them drives each number, and what the other has to know is
// told at once. Nodes see each other at their heartbeats, which the tests beat by hand where they must not wait.
import { describe, expect, inject, test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import { systemClock, type Clock } from '../../src/kernel/clock.ts';
import { acquaint, listening } from '../support/acquaint.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';
import { gate, startTappedHouse } from '../support/meta-tap.ts';
import { customerWrites, tellStatuses } from '../support/meta-webhook.ts';
import { openWire } from '../support/wire.ts';

const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;
const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const TO = '+12025550120';
// Statuses come when a test posts them.
const QUIET = { windowEnforced: false, statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 } };
const FAST = { times: protocolTimes(10), shutdownMs: 3_100 };

// Whatever a node looks for by itself it never finds: only what it is told at once.
const NEVER_LOOKS: Clock = {
  ...systemClock,
  after: (delayMs, act) => (delayMs < 100 ? systemClock.after(delayMs, act) : { cancel: () => undefined }),
};

/** Which node owns each number. */
async function owners(house: House): Promise<Map<string, string | null>> {
  const rows = await house.ctx.db.query<{ phone_number_id: string; owner: string | null }>(
    'select phone_number_id, owner from lanes',
  );
  return new Map(rows.map((row) => [row.phone_number_id, row.owner]));
}

async function ownedBy(house: House, node: string): Promise<string[]> {
  return [...(await owners(house))].filter(([, owner]) => owner === node).map(([id]) => id);
}

function firstId(house: House): string {
  return `node-${house.schema}`;
}

function numberIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(200_000_000_000_000 + i));
}

async function addNumbers(house: House, count: number): Promise<string[]> {
  const ids = numberIds(count);
  for (const [i, phoneNumberId] of ids.entries())
    await house.addNumber({ phoneNumberId, phone: String(12025557000 + i) });
  return ids;
}

/** So many heartbeats of the first node go by. */
async function heartbeats(house: House, count: number): Promise<void> {
  const seen = new Set<number>();
  await until(`${count} heartbeats`, async () => {
    const [row] = await house.ctx.db.query<{ seen_at: Date }>('select seen_at from nodes where id = $1', [
      firstId(house),
    ]);
    if (row) seen.add(row.seen_at.getTime());
    return seen.size > count;
  });
}

describe('a request to the node that does not drive the number', () => {
  test('is sent by the one that does, and answered, without either looking by itself', async () => {
    await using house = await startHouse({ clock: NEVER_LOOKS, simulator: QUIET });
    const other = await house.addNode({ clock: NEVER_LOOKS });
    await acquaint(house, [other]);
    await customerWrites(house, { from: TO.slice(1) });
    for (const text of ['one', 'two', 'three']) {
      const sent = await other.sendText(TO, text);
      expectStatus(sent, 200);
      expect(sent.body.data).toMatchObject({
        status: 'pending',
        message_id: expect.stringMatching(/^wamid/),
      });
    }
    const atMeta = house.simulator.control.messages({ to: TO.slice(1), direction: 'outbound' });
    expect(atMeta.map((one) => one.text)).toEqual(['one', 'two', 'three']);
  });

  test('waits for a first status that Meta tells the other node', async () => {
    await using house = await startHouse({
      clock: NEVER_LOOKS,
      simulator: QUIET,
    });
    const other = await house.addNode({ clock: NEVER_LOOKS });
    await acquaint(house, [other]);
    const sending = other.sendText(TO, 'Halo');
    const [arrived] = await until('the message at Meta', async () => {
      const found = house.simulator.control.messages({ to: TO.slice(1), direction: 'outbound' });
      return found.length > 0 && found;
    });
    // A status is matched by the wamid, once that is known.
    await until('its wamid', async () => {
      const rows = await house.ctx.db.query('select 1 from message_states where wamid is not null');
      return rows.length === 1;
    });
    await tellStatuses(house, { wamid: arrived?.id ?? '', status: 'sent' });
    const sent = await sending;
    expectStatus(sent, 200);
    expect(sent.body.data.status).toBe('sent');
  });

  test('is answered in Meta’s dialect with the wamid that it owes', async () => {
    await using house = await startHouse({ clock: NEVER_LOOKS, simulator: QUIET });
    const other = await house.addNode({ clock: NEVER_LOOKS });
    await acquaint(house, [other]);
    const text = { messaging_product: 'whatsapp', to: TO, type: 'text', text: { body: 'Halo' } };
    const sent = await other.request('POST', GRAPH, text);
    expectStatus(sent, 200);
    expect(sent.body['messages']).toEqual([{ id: expect.stringMatching(/^wamid/) }]);
  });

  test('is found without hints as well: each looks by itself', async () => {
    await using house = await startHouse({ simulator: QUIET });
    // A pooler's address is no better than none.
    const other = await house.addNode({ config: { listenUrl: 'postgres://127.0.0.1:1/nowhere' } });
    await customerWrites(house, { from: TO.slice(1) });
    const sent = await other.sendText(TO, 'Halo');
    expectStatus(sent, 200);
    expect(sent.body.data.status).toBe('pending');
  });
});

test('a node whose connection for hints breaks listens again', async () => {
  await using wire = await openWire(inject('databaseUrl'));
  await using house = await startHouse();
  const other = await house.addNode({ config: { listenUrl: wire.url } });
  await acquaint(house, [other]);
  const before = await listening(house);
  wire.cut();
  await until('a new session', async () => {
    const now = await listening(house);
    return now.length === 2 && now.some((pid) => !before.includes(pid));
  });
});

describe('one message, whichever node is asked', () => {
  test('a repeat with its key waits on the other node as the first call does, and is answered alike', async () => {
    await using house = await startTappedHouse({ simulator: QUIET });
    const other = await house.addNode();
    await acquaint(house, [other]);
    await customerWrites(house, { from: TO.slice(1) });
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const key = { 'idempotency-key': 'order-17' };
    const first = other.sendText(TO, 'Halo', key);
    await until('the call', async () => house.tap.sends().length === 1);
    const again = [house.sendText(TO, 'Halo', key), other.sendText(TO, 'Halo', key)];
    expectKirimError(
      await house.sendText(TO, 'Something else', key),
      'idempotency_key_reuse',
      'Idempotency-Key',
    );
    held.open();
    const [sent, ...repeats] = await Promise.all([first, ...again]);
    expectStatus(sent, 200);
    expect(sent.body.data.status).toBe('pending');
    expect(sent.headers.get('idempotent-replayed')).toBe('false');
    for (const repeat of repeats) {
      expectStatus(repeat, 200);
      expect(repeat.body.data).toEqual(sent.body.data);
      expect(repeat.headers.get('idempotent-replayed')).toBe('true');
    }
    expect(house.tap.sends()).toHaveLength(1);
  });

  test('is shown, withdrawn and followed by the next', async () => {
    await using house = await startTappedHouse({ simulator: { windowEnforced: false } });
    const other = await house.addNode();
    await acquaint(house, [other]);
    const held = gate();
    house.tap.rule(() => ({ answerAfter: held.opened }));
    const async = { prefer: 'respond-async' };
    await house.sendText(TO, 'first', async);
    await until('the first call', async () => house.tap.sends().length === 1);
    const second = await other.sendText(TO, 'second', async);
    const third = await other.sendText(TO, 'third', async);
    const path = `${KIRIM}/${second.body.data.id}`;
    expect((await other.request('GET', path)).body.data.status).toBe('queued');
    const withdrawn = await other.request('DELETE', path);
    expectStatus(withdrawn, 200);
    expect(withdrawn.body.data).toMatchObject({ status: 'failed', error: { code: 'withdrawn' } });
    held.open();
    await until('the third to have arrived', async () => {
      const shown = await other.request('GET', `${KIRIM}/${third.body.data.id}`);
      return shown.body.data.status === 'delivered';
    });
    expect(house.tap.sends().map((call) => call.body['text'])).toEqual([
      { body: 'first' },
      { body: 'third' },
    ]);
    expect((await house.request('GET', path)).body.data).toMatchObject({ status: 'failed' });
  });

  test('a customer’s message is marked as read through any of them', async () => {
    await using house = await startTappedHouse();
    const other = await house.addNode();
    house.tap.rule(() => ({ status: 200, body: { success: true } }));
    const wamid = await customerWrites(house, { from: TO.slice(1) });
    const read = { messaging_product: 'whatsapp', status: 'read', message_id: wamid };
    expectStatus(await other.request('POST', KIRIM, read), 200);
    expect(house.tap.calls.filter((call) => call.body['status'] === 'read')).toHaveLength(1);
  });
});

describe('the lanes of two nodes', () => {
  test('are spread evenly, stay where they are, and move back when one stops', async () => {
    await using house = await startHouse({ config: FAST, simulator: { windowEnforced: false } });
    await addNumbers(house, 9);
    await house.gateway.beat();
    expect(await ownedBy(house, firstId(house))).toHaveLength(10);
    const other = await house.addNode();
    await until('half of them to have moved', async () => (await ownedBy(house, other.id)).length === 5);
    const spread = await owners(house);
    for (let beats = 0; beats < 5; beats++) for (const node of [house, other]) await node.gateway.beat();
    expect(await owners(house)).toEqual(spread);
    await other.gateway.close();
    await until('all of them to be back', async () => (await ownedBy(house, firstId(house))).length === 10);
  });

  test('move under traffic as well, and nothing is lost, doubled or overtaken on the way', async () => {
    const known = [PHONE_NUMBER_ID, ...numberIds(3)].map((phoneNumberId, i) => ({
      phoneNumberId,
      displayPhoneNumber: `+1202555700${i}`,
      verifiedName: 'Kopi Senja',
    }));
    await using house = await startHouse({
      config: FAST,
      simulator: { windowEnforced: false, latencyMs: 20, numbers: known },
    });
    const numbers = await addNumbers(house, 3);
    await house.gateway.beat();
    const other = await house.addNode();
    const sent = new Map<string, string[]>();
    // One caller a conversation: it sends the next when the one before was answered, to either node in turn.
    let enough = false;
    const callers = numbers.flatMap((number) =>
      [1, 2, 3].map(async (person) => {
        const to = `120255560${number.slice(-1)}${person}`;
        const texts: string[] = [];
        sent.set(to, texts);
        while (!enough || texts.length < 20) {
          const body = `Nomor ${texts.length}`;
          const text = { messaging_product: 'whatsapp', to, type: 'text', text: { body } };
          const node = texts.length % 2 === 0 ? house : other;
          expectStatus(
            await node.request('POST', `/v1/${number}/messages`, text, { prefer: 'respond-async' }),
            200,
          );
          texts.push(body);
        }
      }),
    );
    await until(
      'half of the lanes to have moved',
      async () => (await ownedBy(house, other.id)).length === 2,
      20_000,
    );
    enough = true;
    await Promise.all(callers);
    const all = [...sent.values()].flat().length;
    await until(
      'every message to be at Meta',
      async () => (await house.ctx.db.query('select 1 from message_states where rank >= 10')).length === all,
      20_000,
    );
    for (const [to, texts] of sent) {
      const arrived = house.simulator.control.messages({ to, direction: 'outbound' });
      expect(arrived.map((one) => one.text)).toEqual(texts);
    }
    expect(await house.ctx.db.query('select distinct attempt from message_states')).toEqual([{ attempt: 1 }]);
  }, 60_000);

  test('a node that stops leaves its lanes at once, to one that need not look', async () => {
    await using house = await startHouse({ clock: NEVER_LOOKS, simulator: { windowEnforced: false } });
    const other = await house.addNode({ clock: NEVER_LOOKS });
    await addNumbers(house, 2);
    await acquaint(house, [other]);
    await house.gateway.close();
    await until(
      'all of them to have moved, more than its share was before',
      async () => (await ownedBy(house, other.id)).length === 3,
    );
    const text = { messaging_product: 'whatsapp', to: TO, type: 'text', text: { body: 'Halo' } };
    const sent = await other.request('POST', GRAPH, text);
    expectStatus(sent, 200);
  });

  test('a lane is not left while something of it is on its way to Meta', async () => {
    await using meta = await startMetaByHand();
    const times = { ...FAST.times, callTimeoutMs: 20_000 };
    await using house = await startHouse({ config: { ...FAST, times, graphUrl: meta.url } });
    const [second = ''] = await addNumbers(house, 1);
    await house.gateway.beat();
    meta.react(() => ({ kind: 'hold' }));
    const async = { prefer: 'respond-async' };
    for (const number of [PHONE_NUMBER_ID, second]) {
      const text = { messaging_product: 'whatsapp', to: TO, type: 'text', text: { body: 'Halo' } };
      expectStatus(await house.request('POST', `/v1/${number}/messages`, text, async), 200);
    }
    await until('both calls', async () => meta.calls.length === 2);
    const other = await house.addNode();
    await heartbeats(house, 6);
    expect(await ownedBy(house, firstId(house))).toHaveLength(2);
    meta.letGo();
    await until('one lane to have moved', async () => (await ownedBy(house, other.id)).length === 1);
    expect(meta.calls).toHaveLength(2);
    const states = await house.ctx.db.query('select distinct state from message_states');
    expect(states).toEqual([{ state: 'pending' }]);
  });

  test('a node that dies is followed by the other, which goes on with what was queued', async () => {
    await using meta = await startMetaByHand();
    await using wire = await openWire(inject('databaseUrl'));
    await using house = await startHouse({
      config: { ...FAST, graphUrl: meta.url },
      gatewayDatabaseUrl: wire.url,
    });
    const other = await house.addNode({ databaseUrl: inject('databaseUrl') });
    meta.react(() => ({ kind: 'hold' }));
    await house.sendText(TO, 'first', { prefer: 'respond-async' });
    await until('the first call', async () => meta.calls.length === 1);
    await other.sendText('+12025550121', 'to another', { prefer: 'respond-async' });
    wire.refuse(true);
    wire.cut();
    await until('the takeover', async () => (await ownedBy(house, other.id)).length === 1, 20_000);
    meta.react(() => ({ kind: 'accept' }));
    const sent = await other.sendText('+12025550122', 'later', { prefer: 'wait=1' });
    expectStatus(sent, 200);
    await until('both calls of the successor', async () => meta.calls.length === 3);
    // What its predecessor was calling is unknown, and not repeated.
    expect(meta.callsTo(TO.slice(1))).toHaveLength(1);
  });

  test('a node that was away for longer than its lease drives nothing that another took', async () => {
    await using meta = await startMetaByHand();
    await using wire = await openWire(inject('databaseUrl'));
    await using house = await startHouse({
      config: { ...FAST, graphUrl: meta.url },
      gatewayDatabaseUrl: wire.url,
    });
    await addNumbers(house, 1);
    await house.gateway.beat();
    const other = await house.addNode({ databaseUrl: inject('databaseUrl') });
    wire.refuse(true);
    wire.cut();
    await until('the takeover', async () => (await ownedBy(house, other.id)).length === 2, 20_000);
    wire.refuse(false);
    await until(
      'its share to have come back',
      async () => (await ownedBy(house, firstId(house))).length === 1,
    );
    for (const [number] of await owners(house)) {
      const text = { messaging_product: 'whatsapp', to: TO, type: 'text', text: { body: number } };
      for (const node of [house, other])
        expectStatus(
          await node.request('POST', `/v1/${number}/messages`, text, { prefer: 'respond-async' }),
          200,
        );
    }
    await until('all four calls', async () => meta.calls.length === 4);
    const epochs = await house.ctx.db.query<{ epoch: number }>('select epoch::int from lanes order by 1');
    expect(epochs.every((row) => row.epoch >= 2)).toBe(true);
  });
});
