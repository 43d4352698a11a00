// Meta's door takes whatever is signed: what cannot be read or kept is set aside, and nothing that stands beside it is harmed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHouse, type House } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { sendsOf, statusOf, type Sends, type Sent } from '../support/sent-message.ts';
import {
  envelope,
  inboundText,
  messageEnvelope,
  nested,
  postWebhook,
  statusEnvelope,
} from '../support/signed-webhooks.ts';

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

describe('a bad neighbour', () => {
  const bad: [string, (sent: Sent) => Json][] = [
    ['nothing', () => null],
    ['a text', () => 'sent'],
    ['an empty object', () => ({})],
    ['a list', () => [1]],
    ['a wamid with a NUL', () => ({ id: 'wamid.\0', status: 'sent' })],
    ['a wamid with half a pair', () => ({ id: 'wamid.\ud800', status: 'sent' })],
    ['a wamid of 100 000 characters', () => ({ id: `wamid.${'x'.repeat(100_000)}`, status: 'sent' })],
    [
      'another wamid of 100 000 characters for a message of ours',
      (sent) => ({
        ...statusOf(sent, { status: 'sent', timestamp: '1', echo: true }),
        id: `wamid.${'x'.repeat(100_000)}`,
      }),
    ],
    [
      'another wamid with a NUL for a message of ours',
      (sent) => ({
        ...statusOf(sent, { status: 'sent', timestamp: '1', echo: true }),
        id: 'wamid.\0',
      }),
    ],
    [
      'an error with a NUL',
      (sent) => ({
        ...statusOf(sent, { status: 'failed', timestamp: '1', echo: true }),
        errors: [{ code: 131026, title: 'a\0b', error_data: { details: 'c\0d' } }],
      }),
    ],
    [
      'an error of odd types',
      (sent) => ({
        ...statusOf(sent, { status: 'failed', timestamp: '1', echo: true }),
        errors: { code: 'x' },
      }),
    ],
    [
      'an error beyond all numbers',
      (sent) => ({
        ...statusOf(sent, { status: 'failed', timestamp: '1', echo: true }),
        errors: [{ code: 1e300, title: 5 }],
      }),
    ],
    [
      'a price with a NUL',
      (sent) => ({
        ...statusOf(sent, { status: 'sent', timestamp: '1', echo: true }),
        pricing: { category: 'a\0b' },
      }),
    ],
    [
      'a price 5 000 levels deep',
      (sent) => ({
        ...statusOf(sent, { status: 'sent', timestamp: '1', echo: true }),
        pricing: { deep: nested(5_000) },
      }),
    ],
    ['a moment that is none', (sent) => statusOf(sent, { status: 'sent', timestamp: '1e999', echo: true })],
    ['a moment before all', (sent) => statusOf(sent, { status: 'sent', timestamp: -1e300, echo: true })],
    ['an unknown status 5 000 levels deep', () => ({ id: 'wamid.deep', status: 'odd', deep: nested(5_000) })],
  ];

  test.each(bad)('%s harms no other status of its change', async (_what, make) => {
    const [good, target] = [await send(), await send()];
    const rest = await send();
    const right = (sent: Sent): JsonObject =>
      statusOf(sent, { status: 'read', timestamp: '1760000000', echo: false });
    await accepted(good, rest);
    const posted = await postWebhook(house, statusEnvelope([right(good), make(target), right(rest)]));
    expectStatus(posted, 200);
    expect((await show(good))['status']).toBe('read');
    expect((await show(rest))['status']).toBe('read');
    expect(['pending', 'sent', 'failed', 'queued']).toContain((await show(target))['status']);
  });

  test.each<[string, Json]>([
    ['nothing', null],
    ['no id', { from: '12025550171', type: 'text' }],
    ['no sender', { id: 'wamid.x', type: 'text' }],
    ['a NUL', inboundText('12025550171', 'wamid.nul', 'a\0b')],
    ['half a pair', inboundText('12025550171', 'wamid.half', 'a\ud800b')],
    ['a NUL in its id', inboundText('12025550171', 'wamid.\0', 'x')],
    ['a NUL in its sender', inboundText('1202\x005550171', 'wamid.sender', 'x')],
    ['a long id', inboundText('12025550171', 'wamid.'.padEnd(100_000, 'x'), 'x')],
    ['a type with a NUL', { ...inboundText('12025550171', 'wamid.type', 'x'), type: 'te\0xt' }],
    ['5 000 levels', { ...inboundText('12025550171', 'wamid.deep', 'x'), deep: nested(5_000) }],
    ['no moment', { ...inboundText('12025550171', 'wamid.when', 'x'), timestamp: 'soon' }],
  ])('%s in a customer’s message harms no other', async (what, message) => {
    const wamid = `wamid.beside ${what}`;
    const beside = inboundText('12025550172', wamid, 'Di sebelah');
    const sent = await send();
    const read = statusOf(sent, { status: 'read', timestamp: '1760000000', echo: true });
    const body = envelope([{ messages: [message, beside] }, { statuses: [read] }]);
    expectStatus(await postWebhook(house, body), 200);
    const list = await house.request('GET', '/v1/messages?direction=inbound&to=12025550172&limit=100');
    expect(list.body.data.map((one: { message_id: string }) => one.message_id)).toContain(wamid);
    expect((await show(sent))['status']).toBe('read');
  });

  test.each<[string, Json]>([
    ['no object', null],
    ['no entries', { object: 'whatsapp_business_account' }],
    ['entries that are none', { object: 'whatsapp_business_account', entry: [null, 5, { changes: 'x' }] }],
    [
      'changes that are none',
      { object: 'whatsapp_business_account', entry: [{ id: 5, changes: [null, {}] }] },
    ],
    [
      'a value that is none',
      envelope([]) && { entry: [{ id: '1', changes: [{ field: 'messages', value: 7 }] }] },
    ],
    ['a field with a NUL', { entry: [{ id: '1', changes: [{ field: 'a\0b', value: { a: '\0\ud800' } }] }] }],
    ['another product', { object: 'instagram', entry: [{ id: '1', messaging: [{}] }] }],
    ['10 000 levels', { entry: [{ id: '1', changes: [{ field: 'x', value: { deep: nested(10_000) } }] }] }],
    ['a number of nobody’s', statusEnvelope([{ id: 'x', status: 'sent' }], { phoneNumberId: '999999999' })],
  ])('an envelope with %s is taken', async (_what, body) => {
    expectStatus(await postWebhook(house, body), 200);
  });

  test('a body that is no JSON is refused, and Meta told so', async () => {
    expectKirimError(await postWebhook(house, Buffer.from('{"entry": [')), 'invalid_request');
  });

  test('what a customer typed is kept but for what cannot be', async () => {
    await postWebhook(house, messageEnvelope([inboundText('12025550173', 'wamid.kept', 'a\0b \ud83d c 😀')]));
    const list = await house.request('GET', '/v1/messages?direction=inbound&to=12025550173');
    expect(list.body.data[0].content).toBe('a\ufffdb \ufffd c 😀');
  });
});
