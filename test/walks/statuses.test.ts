// Statuses only go forward (promise 6): in whatever order, however often and however batched Meta tells them, a message ends
// the same; and what is not Meta's word moves nothing.
import fc from 'fast-check';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { APP_SECRET, startHouse, until, type House } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { exchange, requestText } from '../support/raw-http.ts';
import { seedOfRun } from '../support/seed-of-run.ts';
import { sendsOf, statusOf, type Sends, type Sent, type Told } from '../support/sent-message.ts';
import { envelope, postWebhook, signedHeaders, statusEnvelope } from '../support/signed-webhooks.ts';

let meta: MetaByHand;
let house: House;
let send: Sends['send'];
let show: Sends['show'];
let accepted: Sends['accepted'];

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url } });
  ({ send, show, accepted } = sendsOf(house, meta));
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

/** All that statuses decide of a message; `pending` is our own word, not Meta's. */
async function outcomeOf(sent: Sent): Promise<object> {
  const { status, error, pricing, status_times, message_id, other_message_ids } = await show(sent);
  const { pending: _, ...times } = status_times as JsonObject;
  expect([message_id, other_message_ids]).toEqual([sent.call.wamid, undefined]);
  return { status, error, pricing, times };
}

describe('any order, repetition and batching', () => {
  const seconds = fc.integer({ min: 1_760_000_000, max: 1_760_000_050 });
  const timestamp = fc.oneof(seconds, seconds.map(String));
  const echo = fc.boolean();
  const pricing = fc.constantFrom<JsonObject>(
    { billable: true, pricing_model: 'PMP', category: 'utility', type: 'regular' },
    { billable: false, pricing_model: 'PMP', category: 'service' },
    { category: 'Marketing' },
    { billable: true, category: 'authentication', rate: 10 },
    { billable: true, category: 'authentication', rate: 9 },
  );
  const error = fc
    .tuple(fc.constantFrom(131026, 131047, 130472, 131053), fc.constantFrom('Zulu', 'alpha', 'Élan', 'beta'))
    .map(([code, title]): JsonObject => ({ code, title, error_data: { details: `${title} details` } }));
  const forward = fc.record<Told>(
    { status: fc.constantFrom('sent', 'delivered', 'read', 'played'), timestamp, echo, pricing },
    { requiredKeys: ['status', 'timestamp', 'echo'] },
  );
  const failed = fc.record<Told>(
    { status: fc.constant('failed'), timestamp, echo, errors: fc.array(error, { maxLength: 2 }), pricing },
    { requiredKeys: ['status', 'timestamp', 'echo', 'errors'] },
  );
  const unheard = fc.record<Told>({
    status: fc.constantFrom('held', 'deleted', '', 'SENT'),
    timestamp,
    echo,
  });
  const toldOnes = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: forward },
      { weight: 3, arbitrary: failed },
      { weight: 1, arbitrary: unheard },
    ),
    { minLength: 1, maxLength: 7 },
  );
  /** Which of them come in which order, each at least once: numbers that a run reads as places. */
  const order = fc.record({
    picks: fc.infiniteStream(fc.nat(1_000)),
    repeats: fc.nat(5),
    together: fc.boolean(),
  });

  interface Delivery {
    posts: JsonObject[];
    together: boolean;
  }

  function deliver(
    sent: Sent,
    told: readonly Told[],
    how: { picks: Iterator<number>; repeats: number; together: boolean },
  ): Delivery {
    const pick = (below: number): number => (how.picks.next().value ?? 0) % below;
    const all = [...told, ...Array.from({ length: how.repeats }, () => told[pick(told.length)])];
    const shuffled: Json[] = [];
    for (const one of all) if (one) shuffled.splice(pick(shuffled.length + 1), 0, statusOf(sent, one));
    const posts: JsonObject[] = [];
    while (shuffled.length > 0) {
      const statuses = shuffled.splice(0, 1 + pick(3));
      // In one change, or each in an entry of its own.
      posts.push(
        pick(2) === 0 ? statusEnvelope(statuses) : envelope(statuses.map((one) => ({ statuses: [one] }))),
      );
    }
    return { posts, together: how.together };
  }

  async function post(delivery: Delivery): Promise<void> {
    const postOne = async (body: JsonObject): Promise<void> =>
      expectStatus(await postWebhook(house, body), 200);
    if (delivery.together) await Promise.all(delivery.posts.map(postOne));
    else for (const body of delivery.posts) await postOne(body);
  }

  const RANK = ['sent', 'failed', 'delivered', 'read'];

  test('ends in the same state, the furthest that was told', async () => {
    await fc.assert(
      fc.asyncProperty(toldOnes, order, order, async (told, one, other) => {
        const [sent, twin] = [await send(), await send()];
        // With our token in it, a status may come before the answer to the call is written down.
        if (told.some(({ echo: echoed }) => !echoed)) await accepted(sent, twin);
        await post(deliver(sent, told, one));
        await post(deliver(twin, told, other));
        await accepted(sent, twin);
        const outcome = await outcomeOf(sent);
        expect(await outcomeOf(twin)).toEqual(outcome);
        const ranks = told.map(({ status }) => RANK.indexOf(status === 'played' ? 'read' : status));
        const furthest = RANK[Math.max(...ranks)];
        if (furthest !== undefined) expect(outcome).toMatchObject({ status: furthest });
        for (const status of RANK) {
          const moments = told.filter((t) => (t.status === 'played' ? 'read' : t.status) === status);
          const first = Math.min(...moments.map((t) => Number(t.timestamp)));
          const expected = moments.length === 0 ? undefined : new Date(first * 1_000).toISOString();
          expect((outcome as { times: Record<string, string> }).times[status]).toBe(expected);
        }
      }),
      { numRuns: 120, seed: seedOfRun('orders of statuses'), endOnFailure: true },
    );
  });
});

describe('what is not Meta’s word', () => {
  test('a forged or borrowed token moves nothing', async () => {
    const [ours, other] = [await send(), await send()];
    const forged = ours.call.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const tokens = [
      forged,
      `${ours.call.token}.x`,
      'k1',
      'k2.a.b.c',
      '',
      ours.call.token.replace('.1.', '.2.'),
    ];
    const statuses = tokens.map((token) => ({
      id: 'wamid.of-nobody',
      status: 'read',
      timestamp: '1760000000',
      biz_opaque_callback_data: token,
    }));
    expectStatus(await postWebhook(house, statusEnvelope(statuses)), 200);
    await accepted(ours, other);
    for (const message of [await show(ours), await show(other)]) expect(message['status']).toBe('pending');
  });

  test('a post that is not signed with the app’s secret is refused', async () => {
    const sent = await send();
    const body = statusEnvelope([statusOf(sent, { status: 'read', timestamp: '1760000000', echo: true })]);
    const right = await postWebhook(house, statusEnvelope([]));
    expectStatus(right, 200);
    for (const options of [
      { secret: 'the secret of another app' },
      { signature: null },
      { signature: '' },
      { signature: 'sha256=' },
      { signature: `sha256=${'0'.repeat(64)}` },
      { signature: `sha1=${'0'.repeat(40)}` },
      { signature: `sha256=${'g'.repeat(64)}` },
    ])
      expectKirimError(await postWebhook(house, body, options), 'invalid_signature');
    await accepted(sent);
    expect((await show(sent))['status']).toBe('pending');
  });

  test('each app has its own door and secret', async () => {
    const sent = await send();
    const body = statusEnvelope([statusOf(sent, { status: 'read', timestamp: '1760000000', echo: true })]);
    const path = `/webhooks/meta/${house.appId}`;
    expectKirimError(await postWebhook(house, body, { path, secret: 'another' }), 'invalid_signature');
    const nowhere = '/webhooks/meta/app_01HXYZABCDEFGHJKMNPQRSTVWX';
    expectKirimError(await postWebhook(house, body, { path: nowhere }), 'resource_not_found');
    expectStatus(await postWebhook(house, body, { path }), 200);
    expect((await show(sent))['status']).toBe('read');
  });

  test.each([
    '/webhooks/meta',
    '/webhooks/meta/',
    '/webhooks/meta/?from=meta',
    'http://kurir.test/webhooks/meta',
    '/webhooks/met%61',
  ])('a post to %s is taken, and its answer told by its id', async (target) => {
    const body = JSON.stringify(statusEnvelope([]));
    const request = requestText(`POST ${target}`, signedHeaders(Buffer.from(body), APP_SECRET), body);
    const answer = await exchange(house.gateway.url, request);
    expect(answer).toMatchObject({ status: 200, text: 'ok' });
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  test('a refusal leaves the connection to the next post', async () => {
    const post = (body: string, secret = APP_SECRET): string =>
      requestText('POST /webhooks/meta', signedHeaders(Buffer.from(body), secret), body);
    const body = JSON.stringify(statusEnvelope([]));
    const { hostname, port } = new URL(house.gateway.url);
    const socket = connect({ host: hostname, port: Number(port) });
    onTestFinished(() => void socket.destroy());
    let answered = '';
    socket.on('data', (chunk: Buffer) => void (answered += chunk.toString()));
    socket.write(post(body, 'another') + post(body));
    await until('both answers', async () => answered.match(/HTTP\/1\.1 \d+/g)?.length === 2);
    expect(answered.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });
});

describe('much at once', () => {
  test('1000 updates in one POST are all applied', async () => {
    const many = await Promise.all(Array.from({ length: 50 }, send));
    const of = (sent: Sent, status: string): JsonObject =>
      statusOf(sent, { status, timestamp: '1760000000', echo: false });
    await accepted(...many);
    const known = many.flatMap((sent) =>
      ['delivered', 'sent', 'read', 'sent'].map((status) => of(sent, status)),
    );
    const unknown = Array.from({ length: 800 }, (_, i) => ({
      id: `wamid.unknown-${i}`,
      status: 'sent',
      timestamp: '1760000000',
    }));
    const mixed = unknown.flatMap((one, i) => [one, ...known.slice(i, i < known.length ? i + 1 : i)]);
    expect(mixed).toHaveLength(1_000);
    expectStatus(await postWebhook(house, statusEnvelope(mixed)), 200);
    for (const message of await Promise.all(many.map(show))) expect(message['status']).toBe('read');
  });

  test('a body of 3 MB is applied, one of 5 MB refused', async () => {
    const sent = await send();
    const status = statusOf(sent, { status: 'delivered', timestamp: '1760000000', echo: true });
    const large = (size: number): JsonObject => envelope([{ statuses: [status], padding: 'x'.repeat(size) }]);
    expectKirimError(await postWebhook(house, large(5_000_000)), 'request_too_large');
    expectStatus(await postWebhook(house, large(3_000_000)), 200);
    expect((await show(sent))['status']).toBe('delivered');
  });
});
