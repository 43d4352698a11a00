// In order for each customer, within Meta's limits for each number, and nothing lost to either: what Meta refuses for now is sent later,
// in its place; a pace is kept by waiting.
import { describe, expect, test } from 'vitest';

import { protocolTimes } from '../../src/config/protocol-times.ts';
import type { OrganisationId } from '../../src/kernel/ids.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { setNumber } from '../../src/organisations/numbers.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, until, type House, type Reply } from '../support/house.ts';
import { gate, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { seedOfRun } from '../support/seed-of-run.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const CUSTOMER = '+12025550120';
const ASYNC = { prefer: 'respond-async' };
const OPEN = { windowEnforced: false };

/** Customers' numbers, each another one. */
function customers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `+1202556${String(i).padStart(4, '0')}`);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `message ${i + 1}`);
}

/** The texts that Meta took for a customer, in the order it took them. */
function takenBy(house: House, to = CUSTOMER): string[] {
  return house.simulator.control.messages({ to, direction: 'outbound' }).map((message) => message.text);
}

async function eventually(house: House, count: number, to = CUSTOMER): Promise<void> {
  await house.simulator.control.wait({ match: { to, direction: 'outbound' }, count, timeout_ms: 60_000 });
}

/** How often Meta said that it was too much. */
function throttles(house: House): number {
  return house.simulator.control
    .journal(0, 100_000)
    .filter((entry) => entry.kind === 'graph' && entry.answer === 400).length;
}

describe('to one customer, each sent when the one before was answered', () => {
  test('two hundred arrive in order, though the simulator throttles now and then', async () => {
    const seed = seedOfRun('order under the simulator’s throttle');
    await using house = await startTappedHouse({ simulator: { ...OPEN, seed } });
    house.simulator.control.putFault({
      effect: { kind: 'rate_limit', bucket: 'throughput' },
      probability: 0.05,
      times: 3,
    });
    const texts = numbered(200);
    for (const text of texts) expectStatus(await house.sendText(CUSTOMER, text, ASYNC), 200);
    await eventually(house, texts.length);
    expect(takenBy(house)).toEqual(texts);
  }, 60_000);

  test('two hundred arrive in order, whatever Meta refuses for now', async () => {
    const random = seededRandom(seedOfRun('order under refusals of every sort'));
    await using house = await startTappedHouse({ simulator: OPEN });
    const passing = [4, 80_007, 130_429, 131_056, 133_004, 134_101];
    house.tap.rule(() => {
      const code = random() < 0.05 ? passing[Math.floor(random() * passing.length)] : undefined;
      return code === undefined ? 'pass' : refusal(code, { retryAfter: '0.02' });
    });
    const texts = numbered(200);
    for (const text of texts) expectStatus(await house.sendText(CUSTOMER, text, ASYNC), 200);
    await eventually(house, texts.length);
    expect(house.tap.sends().length).toBeGreaterThan(texts.length);
    expect(takenBy(house)).toEqual(texts);
  }, 60_000);

  test('what failed for good does not hold up what follows', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule((call) => (JSON.stringify(call.body).includes('message 2') ? refusal(131_009) : 'pass'));
    for (const text of numbered(4)) await house.sendText(CUSTOMER, text, ASYNC);
    await eventually(house, 3);
    expect(takenBy(house)).toEqual(['message 1', 'message 3', 'message 4']);
  });

  test('one attempt is under way at a time', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    let under = 0;
    let most = 0;
    house.tap.rule(() => {
      most = Math.max(most, ++under);
      return { answerAfter: new Promise<void>((resolve) => setImmediate(resolve)).then(() => under--) };
    });
    await Promise.all(numbered(40).map((text) => house.sendText(CUSTOMER, text, ASYNC)));
    await eventually(house, 40);
    expect(most).toBe(1);
    expect(new Set(takenBy(house)).size).toBe(40);
  });
});

describe('a refusal for now', () => {
  test('of every tenth of three hundred loses none and doubles none', async () => {
    await using house = await startTappedHouse({ simulator: OPEN, config: { sendWaitMs: 20_000 } });
    house.tap.rule(({ index }) => (index % 10 === 9 ? refusal(130_429, { retryAfter: '0.05' }) : 'pass'));
    const replies = await Promise.all(customers(300).map((to) => house.sendText(to, `for ${to}`)));
    for (const reply of replies) {
      expectStatus(reply, 200);
      expect(['pending', 'sent', 'delivered']).toContain(reply.body.data.status);
      expect(reply.body.data.message_id).toMatch(/^wamid\./);
    }
    const taken = house.simulator.control.messages({ direction: 'outbound' });
    expect(taken.map((message) => message.text).toSorted(byText)).toEqual(
      customers(300)
        .map((to) => `for ${to}`)
        .toSorted(byText),
    );
    expect(house.tap.sends().length).toBeGreaterThanOrEqual(333);
  }, 60_000);

  test('is in the message’s story, attempt by attempt', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule(({ index }) => (index < 2 ? refusal(130_429, { retryAfter: '0.05' }) : 'pass'));
    const reply = await house.sendText(CUSTOMER);
    const { data } = (await house.request('GET', `${KIRIM}/${reply.body.data.id}`)).body;
    expect(data.attempts).toMatchObject([
      { attempt: 1, outcome: 'refused', provider_code: 130_429 },
      { attempt: 2, outcome: 'refused', provider_code: 130_429 },
      { attempt: 3, outcome: 'accepted', provider_code: null },
    ]);
  });

  test.each([
    ['131056, the pair rate', 131_056, 400],
    ['80007, the account’s rate', 80_007, 400],
    ['131000 with 500', 131_000, 500],
    ['131016 with 503', 131_016, 503],
    ['130429 as 429', 130_429, 429],
  ])('%s is not the end of a message', async (_what, code, status) => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.tap.rule(({ index }) => (index === 0 ? refusal(code, { status, retryAfter: '0.05' }) : 'pass'));
    const reply = await house.sendText(CUSTOMER);
    expect(reply.body.data.message_id).toMatch(/^wamid\./);
    expect(takenBy(house)).toEqual(['Halo']);
  });

  test('by the simulator’s own throughput loses none', async () => {
    await using house = await startTappedHouse({ simulator: { ...OPEN, throughputPerSecond: 20 } });
    for (const to of customers(60)) await house.sendText(to, 'Halo', ASYNC);
    await house.simulator.control.wait({ match: { direction: 'outbound' }, count: 60, timeout_ms: 60_000 });
    expect(throttles(house)).toBeGreaterThan(0);
    expect(house.simulator.control.messages({ direction: 'outbound' })).toHaveLength(60);
  }, 60_000);

  test('by the simulator’s pair rate loses none, and keeps the order', async () => {
    const pairLimit = { perMs: 300, burst: 2 };
    await using house = await startTappedHouse({ simulator: { ...OPEN, pairLimit } });
    for (const text of numbered(5)) await house.sendText(CUSTOMER, text, ASYNC);
    await eventually(house, 5);
    expect(throttles(house)).toBeGreaterThan(0);
    expect(takenBy(house)).toEqual(numbered(5));
  }, 60_000);
});

describe('an answer that does not arrive whole', () => {
  test('for every tenth of two hundred sends none twice: the statuses settle them', async () => {
    await using house = await startTappedHouse({ simulator: OPEN, config: { sendWaitMs: 20_000 } });
    house.tap.rule(({ index }) => (index % 10 === 9 ? 'lose answer' : 'pass'));
    const replies = await Promise.all(customers(200).map((to) => house.sendText(to)));
    for (const reply of replies) {
      expectStatus(reply, 200);
      expect(reply.body.data.message_id).toMatch(/^wamid\./);
    }
    expect(house.tap.sends()).toHaveLength(200);
    expect(house.simulator.control.messages({ direction: 'outbound' })).toHaveLength(200);
  });

  test.each([
    [{ kind: 'lost_answer' as const, how: 'reset' as const }],
    [{ kind: 'truncated' as const }],
    [{ kind: 'http_error' as const, status: 502, taken: true }],
    [{ kind: 'http_error' as const, status: 200, taken: true }],
  ])('%j: sent once, and settled by its statuses', async (effect) => {
    await using house = await startTappedHouse({ simulator: OPEN });
    house.simulator.control.putFault({ effect, times: 1 });
    const reply = await house.sendText(CUSTOMER);
    const [message] = house.simulator.control.messages({ to: CUSTOMER });
    expect(reply.body.data.message_id).toBe(message?.id);
    await until('it is delivered', async () => {
      const shown = await house.request('GET', `${KIRIM}/${reply.body.data.id}`);
      return shown.body.data.status === 'delivered';
    });
    expect(house.tap.sends()).toHaveLength(1);
  });
});

describe('a pace', () => {
  test('of 20 a second is kept by waiting: Meta never says that it is too much', async () => {
    await using house = await startTappedHouse({ simulator: { ...OPEN, throughputPerSecond: 20 }, pace: 20 });
    const replies = await Promise.all(customers(50).map((to) => house.sendText(to, 'Halo', ASYNC)));
    for (const reply of replies) expectStatus(reply, 200);
    await house.simulator.control.wait({ match: { direction: 'outbound' }, count: 50, timeout_ms: 60_000 });
    expect(throttles(house)).toBe(0);
  }, 60_000);

  test('to one customer is kept, too: the burst of 45, and then the others wait', async () => {
    const pairLimit = { perMs: 6_000, burst: 45 };
    await using house = await startTappedHouse({ simulator: { ...OPEN, pairLimit }, pace: 1_000 });
    for (const text of numbered(48)) await house.sendText(CUSTOMER, text, ASYNC);
    await eventually(house, 45);
    await until('the next to wait for its moment', async () => {
      const rows = await house.ctx.db.query(
        `select from message_states where state = 'queued' and ready_at > database_now()`,
      );
      return rows.length === 1;
    });
    // Others are not held up by it.
    expectStatus(await house.sendText('+12025550121'), 200);
    expect(throttles(house)).toBe(0);
    expect(takenBy(house)).toEqual(numbered(48).slice(0, takenBy(house).length));
  }, 60_000);

  test('answers at once when the backlog is longer than the wait', async () => {
    await using house = await startTappedHouse({ simulator: OPEN, pace: 1 });
    const bulk = { 'Kurir-Priority': 'bulk' };
    await Promise.all(customers(70).map((to) => house.sendText(to, 'in bulk', { ...bulk, ...ASYNC })));
    // It stands behind more than a minute of them: had it waited for its turn, the test would not end in time.
    const reply = await house.sendText(CUSTOMER, 'late', { ...bulk, prefer: 'wait=60' });
    expect(reply.body.data.status).toBe('queued');
  });

  test('of one number holds up no other', async () => {
    const other = { phoneNumberId: '106540352242923', phone: '628511760008030' };
    await using house = await startTappedHouse({ simulator: OPEN, pace: 1 });
    house.simulator.control.putNumber(other.phoneNumberId, { display_phone_number: `+${other.phone}` });
    await house.addNumber(other);
    await house.restart();
    await Promise.all(customers(30).map((to) => house.sendText(to, 'Halo', ASYNC)));
    const reply = await fromNumber(house, other.phoneNumberId);
    expectStatus(reply, 200);
    expect(reply.body.data.message_id).toMatch(/^wamid\./);
    const fromFirst = house.simulator.control.messages({ phone_number_id: PHONE_NUMBER_ID });
    expect(fromFirst.length).toBeLessThan(30);
  });

  test('lets someone who waits go before what is sent in bulk', async () => {
    await using house = await startTappedHouse({ simulator: OPEN, pace: 20, config: { sendWaitMs: 20_000 } });
    const bulk = { ...ASYNC, 'Kurir-Priority': 'bulk' };
    await Promise.all(customers(80).map((to) => house.sendText(to, 'in bulk', bulk)));
    const reply = await house.sendText(CUSTOMER, 'waited for');
    expect(reply.body.data.message_id).toMatch(/^wamid\./);
    expect(house.simulator.control.messages({ text: 'in bulk' }).length).toBeLessThan(80);
  });
});

function fromNumber(house: House, phoneNumberId: string): Promise<Reply> {
  const text = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: 'Halo' } };
  return house.request('POST', `/v1/${phoneNumberId}/messages`, text);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** What the house says of its number. */
async function account(house: TappedHouse): Promise<{ status: string }> {
  const accounts = await house.request('GET', '/v1/accounts?status=all');
  return accounts.body.data[0];
}

/** Each queued message names the stop: why, since when, when it is tried, what to do; the one that was tried does not say that it is now. */
async function expectStoryOfStop(house: TappedHouse, queued: { id: string }[]): Promise<void> {
  const shown = await Promise.all(queued.map(({ id }) => house.request('GET', `${KIRIM}/${id}`)));
  const why =
    /has been stopped since \d{4}-.*: .*access token.*next at \d{4}-.*numbers set \d+ --token-file/i;
  for (const { body } of shown)
    expect(body.data.waiting).toEqual({
      for: 'number',
      until: expect.stringMatching(/Z$/),
      detail: expect.stringMatching(why),
    });
  const tried = shown.flatMap(({ body }) => body.data.attempts);
  expect(tried).toMatchObject([
    { provider_code: 190, detail: expect.stringMatching(/tried again when the number sends again\.$/) },
  ]);
}

describe('a number whose token Meta refuses', () => {
  test('is degraded and keeps its queue, which goes on in order when the number is repaired', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const fault = house.simulator.control.putFault({ effect: { kind: 'token_expired' } });
    const texts = numbered(5);
    const held = gate();
    house.tap.rule(() => held.opened.then(() => 'pass'));
    for (const text of texts) expectStatus(await house.sendText(CUSTOMER, text, ASYNC), 200);
    held.open();
    await until('it is degraded', async () => (await account(house)).status === 'degraded');
    expect((await house.request('GET', '/v1/accounts')).body.data).toEqual([]);
    const refused = await house.sendText(CUSTOMER, 'one more');
    expectStatus(refused, 422);
    expect(refused.body.error).toMatchObject({ code: 'account_not_connected' });
    const queued = await house.request('GET', `${KIRIM}?status=queued`);
    expect(queued.body.data).toHaveLength(texts.length);
    expect(takenBy(house)).toEqual([]);
    await expectStoryOfStop(house, queued.body.data);
    house.simulator.control.deleteFault(fault.id);
    await repair(house);
    await eventually(house, texts.length);
    expect(takenBy(house)).toEqual(texts);
    expect((await account(house)).status).toBe('connected');
  }, 60_000);

  test('goes on by itself when Meta takes again, and finds out with one message at a time', async () => {
    const times = { ...protocolTimes(1), numberRestMs: 50 };
    await using house = await startTappedHouse({ simulator: OPEN, config: { times } });
    const held = gate();
    let refuses = true;
    let under = 0;
    let most = 0;
    house.tap.rule(async ({ index }) => {
      await held.opened;
      if (!refuses) return 'pass';
      // The first were under way before anybody knew.
      if (index >= 20) most = Math.max(most, ++under);
      await new Promise((resolve) => setImmediate(resolve));
      if (index >= 20) under--;
      return refusal(190, { status: 401 });
    });
    for (const to of customers(20)) expectStatus(await house.sendText(to, `for ${to}`, ASYNC), 200);
    await until('all are under way', async () => house.tap.sends().length >= 20);
    held.open();
    await until('it is degraded', async () => (await account(house)).status === 'degraded');
    expect(await account(house)).toMatchObject({ status_reason: expect.stringMatching(/./) });
    await until('it was tried again', async () => house.tap.sends().length >= 23);
    expect(most).toBeLessThanOrEqual(1);
    refuses = false;
    await house.simulator.control.wait({ match: { direction: 'outbound' }, count: 20, timeout_ms: 30_000 });
    await until('it is connected', async () => (await account(house)).status === 'connected');
  }, 60_000);

  test('is tried with one message after a restart as well, not with all that wait', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const underWay = () => house.ctx.db.query(`select from message_states where state = 'intended'`);
    const refuseWhen = (held: ReturnType<typeof gate>) =>
      house.tap.rule(() => held.opened.then(() => refusal(190, { status: 401 })));
    const first = gate();
    refuseWhen(first);
    for (const to of customers(20)) expectStatus(await house.sendText(to, `for ${to}`, ASYNC), 200);
    first.open();
    await until('all of them are refused', async () => (await underWay()).length === 0);
    await until('it is degraded', async () => (await account(house)).status === 'degraded');
    const second = gate();
    refuseWhen(second);
    const before = house.tap.sends().length;
    await house.restart();
    await until('it is tried', async () => house.tap.sends().length > before);
    await house.gateway.tick();
    expect(await underWay()).toHaveLength(1);
    second.open();
  }, 60_000);

  test('tells those who are owed a wamid, and sends nothing later', async () => {
    await using house = await startTappedHouse({ simulator: OPEN });
    const fault = house.simulator.control.putFault({ effect: { kind: 'token_expired' }, times: 1 });
    const text = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: 'Halo' } };
    const reply = await house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, text);
    expectStatus(reply, 401);
    expect(reply.body.error.code).toBe(190);
    expect(house.simulator.control.fault(fault.id).hits).toBe(1);
    await until('it is degraded', async () => (await account(house)).status === 'degraded');
    await repair(house);
    expectStatus(await house.sendText(CUSTOMER, 'after'), 200);
    expect(takenBy(house)).toEqual(['after']);
  });
});

/** A person repaired the number; resolves when the gateway has read it, within a few seconds. */
async function repair(house: TappedHouse): Promise<void> {
  const about = { organisationId: house.organisationId as OrganisationId, phoneNumberId: PHONE_NUMBER_ID };
  await setNumber(house.ctx, { ...about, status: 'connected' });
  await until('it can send again', async () => (await house.sendText('+12025550199')).status === 200);
}
