// Inbound, whole: every variant of the table is posted to the door of a house, and read back through the API.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isObject, type JsonObject } from '../../../src/kernel/json.ts';
import { mediaIn } from '../../../src/meta/inbound-media.ts';
import { objects } from '../../../src/meta/webhook-envelope.ts';
import { MESSAGE_ID } from '../../support/envelopes.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import {
  BUSINESS_PHONE,
  PHONE_NUMBER_ID,
  startHouse,
  until,
  type House,
  type Reply,
} from '../../support/house.ts';
import { postWebhook } from '../../support/signed-webhooks.ts';
import { ANI, fromAni, SECONDS, wamid } from './golden-people.ts';
import { SHOWN } from './shown.ts';
import { bodyOf, VARIANTS, type Variant } from './variants.ts';

let house: House;

beforeAll(async () => {
  house = await startHouse();
  for (const variant of VARIANTS) expectStatus(await postWebhook(house, bodyOf([variant])), 200);
});

afterAll(() => house[Symbol.asyncDispose]());

const named = (about: Variant['about']): (readonly [string, Variant])[] =>
  VARIANTS.filter((one) => one.about === about).map((one) => [one.name, one] as const);

/** The message of a variant, as the list shows it and as it is shown alone. */
async function shown(id: unknown): Promise<JsonObject[]> {
  const list = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(String(id))}`);
  expectStatus(list, 200);
  expect(list.body.data).toHaveLength(1);
  const one = list.body.data[0];
  const alone = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages/${one.id}`);
  expectStatus(alone, 200);
  const { attempts, ...message } = alone.body.data;
  expect(attempts).toEqual([]);
  return [one, message];
}

describe('a customer’s message', () => {
  test.each(named('message'))('%s is kept and shown', async (name, { value }) => {
    const [told] = objects(value['messages']);
    for (const message of await shown(told?.['id'])) {
      const { id, object, direction, to, phone_number_id, message_id, status, created_at, ...rest } = message;
      expect(id).toMatch(MESSAGE_ID);
      expect({ object, direction, to, phone_number_id, message_id, status, created_at }).toEqual({
        object: 'message',
        direction: 'inbound',
        to: `+${BUSINESS_PHONE}`,
        phone_number_id: PHONE_NUMBER_ID,
        message_id: told?.['id'],
        status: 'delivered',
        created_at: new Date(SECONDS * 1_000).toISOString(),
      });
      expect(isObject(rest['status_times'])).toBe(true);
      expect(rest['conversation_id']).toMatch(/^cnv_/);
      // How the fetching fares, of a file that this Meta does not have, is not the matter here.
      const {
        status_times: _,
        conversation_id: __,
        media_status,
        media_url: ___,
        media_error: ____,
        ...extras
      } = rest;
      expect(media_status !== undefined).toBe(mediaIn(told ?? {}) !== null);
      expect(extras).toEqual(SHOWN[name]);
    }
  });
});

test.each(['toString', 'constructor', '__proto__', 'id', 'status', 'from'])(
  'a type called %s neither shows what every object inherits nor takes the place of what a message has',
  async (type) => {
    const name = `a type called ${type}`;
    const value = fromAni(name, { type });
    expectStatus(
      await postWebhook(house, bodyOf([{ name, field: 'messages', value, about: 'message', event: '' }])),
      200,
    );
    const plain = (await shown(wamid('request welcome')))[0] ?? {};
    const [message = {}] = await shown(wamid(name));
    expect(Object.keys(message).toSorted()).toEqual(Object.keys(plain).toSorted());
    expect(message).toMatchObject({ type, from: `+${ANI.phone}`, status: 'delivered', object: 'message' });
  },
);

test('the names, and the ids of their messages, are each of one variant', () => {
  const names = VARIANTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('a customer without a phone is listed, marked as read and answered by the user id', async () => {
  const userId = 'ID.3059384756102938';
  const phone = (path: string, body: JsonObject): Promise<Response> =>
    fetch(`${house.simulator.url}/_sim/v1/phones${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await phone('', { user_id: userId, username: 'citra' })).ok).toBe(true);
  expect((await phone(`/${userId}/send`, { type: 'text', text: 'Halo' })).ok).toBe(true);
  const written = await until('what was written', async () => {
    const list = await house.request('GET', `/v1/messages?to=${userId}`);
    return list.body.data[0];
  });
  expect(written).toMatchObject({ content: 'Halo', from: userId, from_user_id: userId });
  const send = (body: JsonObject): Promise<Reply> =>
    house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, { messaging_product: 'whatsapp', ...body });
  expectStatus(await send({ status: 'read', message_id: written.message_id }), 200);
  expect((await shown(written.message_id))[0]).toMatchObject({ status: 'read' });
  const answered = await send({ recipient: userId, type: 'text', text: { body: 'Siap' } });
  expectStatus(answered, 200);
  const { status, to, conversation_id } = answered.body.data;
  expect({ status, to, conversation_id }).toEqual({
    status: 'pending',
    to: userId,
    conversation_id: written.conversation_id,
  });
});
