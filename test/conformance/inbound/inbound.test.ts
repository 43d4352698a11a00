// Inbound, whole: every variant of the table is posted to the door of a house, and read back through the API.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { expectStatus } from '../../support/expect-reply.ts';
import { startHouse, type House } from '../../support/house.ts';
import { postWebhook } from '../../support/signed-webhooks.ts';
import { bodyOf, VARIANTS } from './variants.ts';

let house: House;

beforeAll(async () => {
  house = await startHouse();
});

afterAll(() => house[Symbol.asyncDispose]());

test.each(VARIANTS.map((one) => [one.name, one] as const))('%s is taken', async (_name, variant) => {
  expectStatus(await postWebhook(house, bodyOf([variant])), 200);
});

test('the names, and the ids of their messages, are each of one variant', () => {
  const names = VARIANTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
