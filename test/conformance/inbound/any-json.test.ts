// Enums are open, and so are shapes: whatever JSON comes as a message, a contact, a status or a field of Meta's, it is taken and kept, the
// API goes on showing what there is, and its neighbours are as if it were not there.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { isObject, type Json } from '../../../src/kernel/json.ts';
import { WEBHOOK_DIALECTS } from '../../../src/webhooks/telling.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Hook } from '../../support/hook.ts';
import { BUSINESS_PHONE, startHouse, WABA_ID, type House } from '../../support/house.ts';
import { seedOfRun } from '../../support/seed-of-run.ts';
import { inboundText, postWebhook } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';
import { METADATA, SECONDS, wamid } from './golden-people.ts';
import { VARIANTS } from './variants.ts';

let house: House;
let hook: Hook;

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  hook = await startHook();
  // Whatever comes is told too, in every dialect.
  for (const dialect of WEBHOOK_DIALECTS) await subscribe(house, { url: hook.url, dialect });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

// Every key and every text that a golden webhook holds, so that what is made up is read as far as it goes.
const words = { keys: new Set<string>(), texts: new Set<string>() };
function learn(value: Json): void {
  if (typeof value === 'string') words.texts.add(value);
  if (Array.isArray(value)) for (const item of value) learn(item);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    words.keys.add(key);
    learn(item);
  }
}
for (const { value, field } of VARIANTS) learn({ [field]: value });

const odd = [
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'id',
  'status',
  'object',
  'type',
  '',
  'a\0b',
  '\ud800',
];
const key = fc.oneof(fc.constantFrom(...words.keys), fc.constantFrom(...odd), fc.string({ unit: 'binary' }));
const text = fc.oneof(
  fc.constantFrom(...words.texts, ...odd, BUSINESS_PHONE, '1e999', '-1', '99999999999'),
  fc.string({ unit: 'binary' }),
  fc.constant('x'.repeat(3_000)),
);
const leaf = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4 }),
  ),
}));

/** Something of Meta's in which this and that is anything at all. */
function spoilt(goldens: readonly Json[]): fc.Arbitrary<Json> {
  const whole = fc.constantFrom(...goldens);
  const members = fc.tuple(whole, fc.dictionary(key, json, { maxKeys: 3 }), fc.nat(1_000));
  return fc.oneof(
    { weight: 1, arbitrary: json },
    {
      weight: 4,
      arbitrary: members.map(([golden, other, pick]) => {
        if (!isObject(golden)) return golden;
        const keys = Object.keys(golden);
        const spoiltKey = keys[pick % keys.length] ?? 'id';
        return {
          ...golden,
          ...other,
          ...(pick % 3 === 0 ? { [spoiltKey]: Object.values(other)[0] ?? null } : {}),
        };
      }),
    },
  );
}

const itemsOf = (list: string): Json[] =>
  VARIANTS.flatMap(({ value }) => (Array.isArray(value[list]) ? value[list] : []));
const statuses: Json[] = [
  {
    id: wamid('a message of ours'),
    status: 'failed',
    timestamp: String(SECONDS),
    errors: [{ code: 131026 }],
  },
  ...itemsOf('statuses'),
];

const IN_PARTS = ['messages', 'history', 'smb_message_echoes', 'message_echoes'];
let marks = 0;

/** What can be found again by a mark of its own: an object, by whose id nothing else goes. */
function marked(item: Json): { item: Json; mark: string | undefined } {
  if (!isObject(item)) return { item, mark: undefined };
  const mark = `mark-${marks++}`;
  const id =
    typeof item['id'] === 'string' || typeof item['id'] === 'number' ? `${mark} ${item['id']}` : item['id'];
  return { item: { ...item, ...(id === undefined ? {} : { id }), mark }, mark };
}

async function expectKept(list: readonly (string | undefined)[]): Promise<void> {
  const of = list.filter((one) => one !== undefined);
  const found = await house.ctx.db.query<{ mark: string }>(
    `select mark from unnest($1::text[]) as t (mark) where exists (select from messages where body ->> 'mark' = mark)
       or exists (select from inbound_aside where strpos(change::text, '"' || mark || '"') > 0)
       or exists (select from tellings where dialect = 'meta' and strpos(body, '"' || mark || '"') > 0)`,
    [of],
  );
  expect(found.map((one) => one.mark).toSorted()).toEqual(of.toSorted());
}

async function expectShown(neighbour: string): Promise<void> {
  const all = await house.request('GET', '/v1/messages?limit=100');
  expectStatus(all, 200);
  for (const { id } of all.body.data.slice(0, 12))
    expectStatus(await house.request('GET', `/v1/messages/${id}`), 200);
  const beside = await house.request('GET', `/v1/messages?message_id=${neighbour}`);
  expect(beside.body.data).toMatchObject([{ content: 'Di sebelah', status: 'delivered' }]);
  for (const path of ['conversations', 'contacts', 'accounts']) {
    const { status } = await house.request('GET', `/v1/${path}`);
    expect(status, path).toBeLessThan(500);
  }
}

test('any message, contact or status is taken and kept, and harms no neighbour', async () => {
  const messages = fc.array(spoilt(itemsOf('messages')), { maxLength: 4 });
  const contacts = fc.oneof(json, fc.array(spoilt(itemsOf('contacts')), { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(
      messages,
      contacts,
      fc.array(spoilt(statuses), { maxLength: 3 }),
      json,
      async (...made) => {
        const [told, people, heard, errors] = made;
        const [bad, worse] = [told.map(marked), heard.map(marked)];
        const neighbour = `wamid.beside-${marks++}`;
        const beside = inboundText('12025550172', neighbour, 'Di sebelah');
        const value = {
          messaging_product: 'whatsapp',
          metadata: METADATA,
          contacts: people,
          messages: [...bad.map(({ item }) => item), beside],
          statuses: worse.map(({ item }) => item),
          errors,
        };
        const body = { entry: [{ id: WABA_ID, changes: [{ field: 'messages', value }] }] };
        expectStatus(await postWebhook(house, body), 200);
        await expectKept([...bad, ...worse].map(({ mark }) => mark));
        await expectShown(neighbour);
      },
    ),
    { numRuns: 25, seed: seedOfRun('any message'), endOnFailure: true },
  );
}, 60_000);

test('any field is taken and kept, whatever stands in it, in its change, or in its entry', async () => {
  const field = fc.oneof(fc.constantFrom(...VARIANTS.map((one) => one.field), ...odd), json);
  const value = fc.oneof(spoilt(VARIANTS.map((one) => one.value)), json);
  const change = fc.oneof(
    { weight: 6, arbitrary: fc.record({ field, value }) },
    { weight: 1, arbitrary: json.map((one) => ({ field: 'odd', value: one })) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      json,
      json,
      async (made, entry, time) => {
        const changes = made.map((one) => ({ ...one, ...marked(one.value) }));
        const neighbour = `wamid.beside-${marks++}`;
        const beside = {
          field: 'messages',
          value: { metadata: METADATA, messages: [inboundText('12025550172', neighbour, 'Di sebelah')] },
        };
        const body = {
          entry: [
            entry,
            {
              id: WABA_ID,
              time,
              changes: [...changes.map((one) => ({ field: one.field, value: one.item })), beside],
            },
          ],
        };
        expectStatus(await postWebhook(house, body), 200);
        // Of what is read as messages, echoes or history, the parts are kept; of all else the whole.
        const whole = changes.filter((one) => !IN_PARTS.some((name) => name === one.field));
        await expectKept(whole.map((one) => one.mark));
        await expectShown(neighbour);
      },
    ),
    { numRuns: 25, seed: seedOfRun('any field'), endOnFailure: true },
  );
}, 60_000);
