// The answers that the documents show are those that are given: each resource with these members, in this order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isObject, jsonOf, type Json, type JsonObject } from '../../src/kernel/json.ts';
import { text } from '../../src/meta/webhook-envelope.ts';
import { startHook } from '../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { postForm } from '../support/form.ts';

const CUSTOMER = '628111222333';

let house: House;
beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  house.simulator.control.createPhone({ phone: CUSTOMER, window: 'open' });
});
afterAll(() => house[Symbol.asyncDispose]());

test('every example of docs/api.md and docs/webhooks.md', async () => {
  await using hook = await startHook();
  const given: JsonObject[] = [];
  const ask = async (method: string, path: string, body?: object): Promise<JsonObject> => {
    const { data } = (await house.request(method, path, body)).body;
    const [first]: JsonObject[] = Array.isArray(data) ? data : [data];
    if (!first) throw new Error(`${method} ${path} answers nothing.`);
    given.push(first);
    return first;
  };
  await ask('POST', '/v1/webhook_subscriptions', {
    url: hook.url,
    events: ['message.*'],
    dialect: 'standard',
  });
  house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Halo' });
  const told = await until('the message', async () => hook.heard[0]);
  const standard = jsonOf(told.body);
  const message = await ask('GET', `/v1/${PHONE_NUMBER_ID}/messages?direction=inbound&limit=1`);
  const label = await ask('POST', '/v1/labels', { name: 'VIP', color: 'green' });
  const conversation = `/v1/conversations/${textIn(message, 'conversation_id')}`;
  await house.request('POST', `${conversation}/labels`, { label_id: label['id'] });
  const { contact } = await ask('GET', conversation);
  await ask('GET', `/v1/contacts/${isObject(contact) ? textIn(contact, 'id') : ''}`);
  const deliveries = await house.request('GET', '/v1/webhook_deliveries?status=succeeded&limit=1');
  await ask('GET', `/v1/webhook_deliveries/${deliveries.body.data[0].id}`);
  const uploaded = await postForm(house, { path: `/v1/${PHONE_NUMBER_ID}/media`, bytes: PNG });
  given.push(uploaded.body.data);

  const shown = [...examplesOf('api.md'), ...examplesOf('webhooks.md')];
  for (const one of given) {
    const example = shown.find(({ object }) => object === one['object']);
    expect(example && Object.keys(example), textIn(one, 'object')).toEqual(Object.keys(one));
  }
  const example = examplesOf('webhooks.md').find(({ object }) => object === 'message');
  expect(example && Object.keys(example)).toEqual(isObject(standard) && Object.keys(dataOf(standard)));
});

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The resources that a page shows. */
function examplesOf(page: string): JsonObject[] {
  const markdown = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  return [...markdown.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => dataOf(jsonOf(json)));
}

function textIn(resource: JsonObject, name: string): string {
  return text(resource[name]) ?? '';
}

function dataOf(answer: Json): JsonObject {
  if (!isObject(answer)) return {};
  const { data = answer } = answer;
  const first = Array.isArray(data) ? data[0] : data;
  return isObject(first) ? first : {};
}
