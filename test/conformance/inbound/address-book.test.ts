// The address book of the WhatsApp Business app: it makes and names contacts, and never takes one away.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { erasePerson } from '../../../src/chores/erase-person.ts';
import type { OrganisationId } from '../../../src/kernel/ids.ts';
import type { Json, JsonObject } from '../../../src/kernel/json.ts';
import { objects, text } from '../../../src/meta/webhook-envelope.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Hook } from '../../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, WABA_ID, type House } from '../../support/house.ts';
import { envelope, inboundText, messageEnvelope, postWebhook } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';
import { around, SECONDS } from './golden-people.ts';

const FIELD = 'smb_app_state_sync';

let house: House;
let hook: Hook;
let people = 0;

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  hook = await startHook();
  await subscribe(house, {
    url: hook.url,
    dialect: 'standard',
    ordered: true,
    events: ['contact.*', `meta.${FIELD}`],
  });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

/** A phone that nobody else here has. */
function somebody(): string {
  return `62811133${String(++people).padStart(4, '0')}`;
}

function add(phone: string, name: string, after = 0): JsonObject {
  return { ...crossOut(phone, after), contact: { full_name: name, phone_number: phone }, action: 'add' };
}

function crossOut(phone: string, after = 0): JsonObject {
  const metadata = { timestamp: String(SECONDS + after) };
  return { type: 'contact', contact: { phone_number: phone }, action: 'remove', metadata };
}

function bodyWith(state_sync: Json): JsonObject {
  const changes = [{ field: FIELD, value: around({ state_sync }) }];
  return { object: 'whatsapp_business_account', entry: [{ id: WABA_ID, changes }] };
}

async function sync(entries: Json, at: House = house): Promise<void> {
  expectStatus(await postWebhook(at, bodyWith(entries)), 200);
}

async function write(phone: string, profile: string): Promise<void> {
  const messages = [inboundText(phone, `wamid.${phone}-${profile}`, 'Halo')];
  const contacts = [{ wa_id: phone, profile: { name: profile } }];
  expectStatus(await postWebhook(house, envelope([{ contacts, messages }])), 200);
}

async function found(phone: string, at: House = house): Promise<JsonObject[]> {
  const list = await at.request('GET', `/v1/contacts?phone=%2B${phone}`);
  expectStatus(list, 200);
  return objects(list.body.data);
}

async function nameOf(phone: string): Promise<Json | undefined> {
  const [one, ...more] = await found(phone);
  expect(more).toEqual([]);
  return one?.['name'];
}

/** What was told of it, once so many were. */
async function told(phone: string, count: number): Promise<JsonObject[]> {
  const ofIt = (): JsonObject[] =>
    hook.heard
      .map(({ body }) => JSON.parse(body))
      .filter(({ data }) => data?.contact?.phone_number === `+${phone}`);
  await until(`${count} to be told`, async () => ofIt().length >= count);
  expect(ofIt()).toHaveLength(count);
  return ofIt();
}

test('whom it names is a contact, told once, and the change goes on in Meta’s words', async () => {
  const ani = somebody();
  const entry = add(ani, 'Ani (Langganan)');
  for (const _ of ['once', 'again']) await sync([entry]);
  expect(await found(ani)).toMatchObject([{ name: 'Ani (Langganan)', profile_name: null, user_id: null }]);
  const passedOn = (): string[] =>
    hook.heard.map((one) => one.body).filter((one) => one.includes(FIELD) && one.includes(ani));
  await until('both changes', async () => passedOn().length >= 2);
  expect(passedOn()[0]).toContain(JSON.stringify(entry));
  const [event] = await told(ani, 1);
  expect(event).toMatchObject({
    type: 'contact.created',
    data: { contact: { name: 'Ani (Langganan)' }, acquisition_source: 'phone_app' },
  });
});

test('its name goes before the customer’s own, and follows its edits, whatever order they come in', async () => {
  const ani = somebody();
  await write(ani, 'Ani 🌸');
  await sync([add(ani, 'Ani', 10)]);
  expect(await nameOf(ani)).toBe('Ani');
  await write(ani, 'Ani ☕');
  expect(await nameOf(ani)).toBe('Ani');
  await sync([add(ani, 'Ani Kedai', 30), add(ani, 'Ani Toko', 20)]);
  expect(await nameOf(ani)).toBe('Ani Kedai');
  // Late, and crossed out before it was written.
  await sync([add(ani, 'Ani', 10)]);
  await sync([crossOut(ani, 20)]);
  expect(await found(ani)).toMatchObject([{ name: 'Ani Kedai', profile_name: 'Ani ☕' }]);
  const types = (await told(ani, 4)).map((one) => [one['type'], one['data']]);
  expect(types).toMatchObject([
    ['contact.created', {}],
    ['contact.updated', { changed_fields: ['name'], contact: { name: 'Ani' } }],
    ['contact.updated', { changed_fields: ['profile_name'] }],
    ['contact.updated', { changed_fields: ['name'], contact: { name: 'Ani Kedai' } }],
  ]);
});

test('the name that was set by the API stays', async () => {
  const ani = somebody();
  await sync([add(ani, 'Ani')]);
  const [{ id = null } = {}] = await found(ani);
  const patch = (name: string | null) => house.request('PATCH', `/v1/contacts/${text(id)}`, { name });
  expectStatus(await patch('Ibu Ani'), 200);
  await sync([add(ani, 'Ani Toko', 10)]);
  expect(await nameOf(ani)).toBe('Ibu Ani');
  await sync([crossOut(ani, 20)]);
  expect(await nameOf(ani)).toBe('Ibu Ani');
  await sync([add(ani, 'Ani Kedai', 30)]);
  expectStatus(await patch(null), 200);
  expect(await nameOf(ani)).toBe('Ani Kedai');
});

test('whoever is crossed out stays, by the name the customer chose', async () => {
  const [ani, budi, nobody] = [somebody(), somebody(), somebody()];
  await write(ani, 'Ani 🌸');
  await sync([add(ani, 'Ani'), add(budi, 'Budi')]);
  await sync([crossOut(ani, 5), crossOut(budi, 5), crossOut(nobody, 5)]);
  expect([await nameOf(ani), await nameOf(budi)]).toEqual(['Ani 🌸', null]);
  expect(await found(nobody)).toEqual([]);
  const messages = await house.request('GET', `/v1/messages?direction=inbound`);
  expect(JSON.stringify(messages.body.data)).toContain(ani);
  // Told late that he was there before.
  await sync([add(budi, 'Budi')]);
  expect(await nameOf(budi)).toBeNull();
});

test('what Kurir has no word for is left as it is, and its neighbours are kept', async () => {
  const ani = somebody();
  const odd: Json[] = [
    'a text',
    null,
    { type: 'contact' },
    { ...add(somebody(), 'Label'), type: 'label' },
    { ...add(somebody(), 'Merged'), action: 'merge' },
    add('not a phone', 'Nobody'),
    { ...add(somebody(), ''), metadata: 'none' },
    { ...crossOut(ani), contact: { phone_number: ['62811'] } },
  ];
  await using quiet = await startHouse();
  const good = { ...add(`+${ani}`, 'Ani'), metadata: null };
  await sync([...odd, good], quiet);
  for (const all of [odd, 'no list', {}, []]) await sync(all, quiet);
  expect((await quiet.request('GET', '/v1/contacts')).body.data).toMatchObject([
    { name: 'Ani', phone_number: `+${ani}` },
  ]);
  // Nobody hears of it there; what is kept as contacts is not kept twice.
  await sync([add(ani, 'Ani Toko')], quiet);
  const aside = await quiet.ctx.db.query<{ change: JsonObject }>('select change from inbound_aside');
  expect(aside).toHaveLength(5);
  expect(JSON.stringify(aside)).not.toContain('Ani Toko');
});

test('a customer who goes by another number now is found by that one alone', async () => {
  const [before, now] = [somebody(), somebody()];
  await write(before, 'Citra');
  const system = { type: 'user_changed_number', wa_id: now, body: 'Citra changed' };
  const renamed = { ...inboundText(before, `wamid.changed-${before}`, ''), type: 'system', system };
  expectStatus(await postWebhook(house, messageEnvelope([renamed])), 200);
  await sync([add(before, 'Citra lama'), add(now, 'Citra baru')]);
  await sync([add(before, 'Citra lama', 10)]);
  expect(await nameOf(now)).toBe('Citra baru');
  expect(await found(before)).toEqual([]);
});

test('an erased person is nobody until the address book names him again', async () => {
  const ani = somebody();
  const organisationId = house.organisationId as OrganisationId;
  await sync([add(ani, 'Ani')]);
  const { contacts } = await erasePerson(house.gateway.ctx, { organisationId, person: ani });
  expect(contacts).toBe(1);
  await sync([crossOut(ani, 10)]);
  expect(await found(ani)).toEqual([]);
  await sync([add(ani, 'Ani', 20)]);
  expect(await found(ani)).toMatchObject([{ name: 'Ani', phone_number_id: PHONE_NUMBER_ID }]);
});
