// The other fields: passed on to each organisation that they are about, once, in its own envelope; set aside where nobody listens; and what
// they say of a number is shown on it.
import { afterAll, beforeAll, expect, test } from 'vitest';

import { canonicalJson, isObject, type Json, type JsonObject } from '../../../src/kernel/json.ts';
import type { OrganisationId } from '../../../src/kernel/ids.ts';
import { objects } from '../../../src/meta/webhook-envelope.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Hook } from '../../support/hook.ts';
import {
  BUSINESS_PHONE,
  PHONE_NUMBER_ID,
  startHouse,
  until,
  WABA_ID,
  type House,
  type Reply,
} from '../../support/house.ts';
import { startMetaByHand } from '../../support/meta-by-hand.ts';
import { sendsOf, statusOf } from '../../support/sent-message.ts';
import { inboundText, messageEnvelope, postWebhook, statusEnvelope } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';
import { METADATA, SECONDS } from './golden-people.ts';
import { bodyOf, VARIANTS, type Variant } from './variants.ts';

const OTHER_NUMBER = '106540352242955';
const OTHER_PHONE = '628511760008055';

const UNKNOWN = 'about a number that is not connected with this app';

const CHANGES = VARIANTS.filter((one) => one.about === 'change');

let house: House;
let hook: Hook;
let otherHook: Hook;
let other: { organisationId: string; apiKey: string };

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  [hook, otherHook] = await Promise.all([startHook(), startHook()]);
  // Of the same WABA: what is told of it concerns both.
  other = await house.addOrganisation('Another');
  await house.addNumber({ phoneNumberId: OTHER_NUMBER, phone: OTHER_PHONE, ...other });
  // Asked for a number that it does not know, the gateway looks again.
  expectStatus(await asOther('GET', `/v1/${OTHER_NUMBER}/messages`), 200);
  await tell(house.organisationId, hook.url);
  await tell(other.organisationId, otherHook.url);
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
  await otherHook[Symbol.asyncDispose]();
});

function asOther(method: string, path: string): Promise<Reply> {
  return house.request(method, path, undefined, { authorization: `Bearer ${other.apiKey}` });
}

function tell(organisationId: string, url: string, at: House = house) {
  return subscribe(at, { organisationId: organisationId as OrganisationId, url, dialect: 'meta' });
}

/** What was told in Meta's shape: of which WABA, which field, what. */
function toldTo({ heard }: Hook): JsonObject[] {
  return heard
    .flatMap(({ body }) => objects(JSON.parse(body).entry))
    .map(({ id, time, changes }) => {
      const [change = {}] = objects(changes);
      return { id: id ?? null, ...(time === undefined ? {} : { time }), ...change };
    });
}

/** Until this was told; nothing else may have been. */
async function hears(of: Hook, expected: readonly JsonObject[]): Promise<void> {
  await until('all to be told', async () => toldTo(of).length >= expected.length);
  const byText = (all: readonly JsonObject[]) =>
    all.map(canonicalJson).toSorted((a, b) => a.localeCompare(b));
  expect(byText(toldTo(of))).toEqual(byText(expected));
}

function toldOf({ field, value }: Variant, wabaId = WABA_ID): JsonObject {
  return { id: wabaId, ...(value['metadata'] === undefined ? { time: SECONDS } : {}), field, value };
}

/** What is about a number, and no business of the other organisation. */
function isAboutNumber({ value }: Variant): boolean {
  return value['metadata'] !== undefined || value['display_phone_number'] !== undefined;
}

function named(name: string): Variant {
  const found = VARIANTS.find((one) => one.name === name);
  if (!found) throw new Error(`There is no variant ${name}.`);
  return found;
}

async function asides(): Promise<JsonObject[]> {
  return house.ctx.db.query<JsonObject>(
    'select organisation_id, phone_number_id, field, reason from inbound_aside order by id',
  );
}

test('each change is told to whom it is about, and nothing is set aside', async () => {
  for (const variant of CHANGES) expectStatus(await postWebhook(house, bodyOf([variant])), 200);
  await hears(
    hook,
    CHANGES.map((one) => toldOf(one)),
  );
  await hears(
    otherHook,
    CHANGES.filter((one) => !isAboutNumber(one)).map((one) => toldOf(one)),
  );
  expect(await asides()).toEqual([]);
});

test('a repetition of Meta’s is the same event', async () => {
  const variant = named('account reviewed');
  const ids = async () =>
    house.ctx.db.query(
      `select event_id from tellings where type = 'meta.account_review_update' and organisation_id = $1 group by event_id`,
      [house.organisationId],
    );
  const before = await ids();
  expectStatus(await postWebhook(house, bodyOf([variant])), 200);
  expect(before).toHaveLength(1);
  expect(await ids()).toEqual(before);
});

test('one POST of two organisations and an unknown number tells each its own, in an envelope of its own', async () => {
  const message = (phoneNumberId: string, from: string): JsonObject =>
    messageEnvelope([inboundText(from, `wamid.mixed-${phoneNumberId}`, `for ${phoneNumberId}`)], {
      phoneNumberId,
    });
  const preference = bodyOf([named('user preference: stop')]);
  const bodies = [
    message(PHONE_NUMBER_ID, '12025550191'),
    message(OTHER_NUMBER, '12025550192'),
    message('100000000000009', '12025550193'),
    preference,
    bodyOf([named('account verified')]),
    bodyOf([named('account alert')], '100000000000001'),
  ];
  const [before, otherBefore] = [toldTo(hook).length, toldTo(otherHook).length];
  const entry = bodies.flatMap((body) => objects(body['entry']));
  expectStatus(await postWebhook(house, { object: 'whatsapp_business_account', entry }), 200);
  const texts = await until('each to hear', async () => {
    const all = [toldTo(hook).slice(before), toldTo(otherHook).slice(otherBefore)].map((one) =>
      JSON.stringify(one),
    );
    return all[0]?.includes('user_preferences') && all.every((one) => one.includes('VERIFIED')) && all;
  });
  const has = (needle: string): boolean[] => texts.map((one) => one.includes(needle));
  expect(texts[0]).not.toContain(OTHER_NUMBER);
  expect(texts[1]).not.toContain(PHONE_NUMBER_ID);
  expect(has('user_preferences')).toEqual([true, false]);
  const lists = await Promise.all([
    house.request('GET', '/v1/messages?direction=inbound'),
    asOther('GET', '/v1/messages?direction=inbound'),
  ]);
  expect(lists.map(({ body }) => body.data.map((one: { content: string }) => one.content))).toEqual([
    [`for ${PHONE_NUMBER_ID}`],
    [`for ${OTHER_NUMBER}`],
  ]);
  expect(has('100000000000009')).toEqual([false, false]);
  expect(has('100000000000001')).toEqual([false, false]);
  expect(await asides()).toEqual([
    { organisation_id: null, phone_number_id: '100000000000009', field: 'messages', reason: UNKNOWN },
    { organisation_id: null, phone_number_id: null, field: 'account_alerts', reason: UNKNOWN },
  ]);
});

test('what is said of a number, or of its account, is shown on it, as last said', async () => {
  const account = async (): Promise<JsonObject> => {
    const reply = await house.request('GET', '/v1/accounts');
    expectStatus(reply, 200);
    return reply.body.data[0];
  };
  expect((await account())['status']).toBe('connected');
  const say = async (field: string, time: number, value: JsonObject): Promise<void> =>
    expectStatus(
      await postWebhook(house, {
        object: 'whatsapp_business_account',
        entry: [{ id: WABA_ID, time, changes: [{ field, value }] }],
      }),
      200,
    );
  const ofNumber = { display_phone_number: BUSINESS_PHONE, requested_verified_name: 'Kopi Fajar' };
  await say('phone_number_name_update', SECONDS + 100, { ...ofNumber, decision: 'APPROVED' });
  await say('account_update', SECONDS + 200, {
    event: 'DISABLED_UPDATE',
    ban_info: { waba_ban_state: 'REINSTATE' },
  });
  // Older, and late.
  await say('account_update', SECONDS + 150, {
    event: 'DISABLED_UPDATE',
    ban_info: { waba_ban_state: 'DISABLE' },
  });
  // Of another number.
  await say('phone_number_quality_update', SECONDS + 300, {
    display_phone_number: OTHER_PHONE,
    event: 'FLAGGED',
  });
  const at = (seconds: number): string => new Date((SECONDS + seconds) * 1_000).toISOString();
  const shown = await until('the name', async () => {
    const one = await account();
    return one['name'] === 'Kopi Fajar' && one;
  });
  expect(shown).toMatchObject({
    status: 'connected',
    meta: {
      name: { decision: 'APPROVED', requested_verified_name: 'Kopi Fajar', at: at(100) },
      ban: { ban_info: { waba_ban_state: 'REINSTATE' }, at: at(200) },
      quality: { event: 'FLAGGED', display_phone_number: BUSINESS_PHONE, at: at(0) },
      restriction: { event: 'ACCOUNT_RESTRICTION' },
      username: { username: 'kopisenja' },
    },
  });
});

test('a status that Kurir has no word for is passed on without Kurir’s token', async () => {
  await using meta = await startMetaByHand();
  await using one = await startHouse({ config: { graphUrl: meta.url, webhookAllow: '127.0.0.0/8' } });
  await using heard = await startHook();
  await tell(one.organisationId, heard.url, one);
  const sent = await sendsOf(one, meta).send();
  const status = statusOf(sent, { status: 'deleted', timestamp: String(SECONDS), echo: true });
  expect(status['biz_opaque_callback_data']).toBe(sent.call.token);
  expectStatus(await postWebhook(one, statusEnvelope([status])), 200);
  const [told] = await until('the status', async () => {
    const all = toldTo(heard).filter((change) => JSON.stringify(change).includes('"deleted"'));
    return all.length > 0 && all;
  });
  const { biz_opaque_callback_data: _, ...rest } = status;
  expect(told).toMatchObject({ field: 'messages', value: { statuses: [rest] } });
  expect(JSON.stringify(told)).not.toContain(sent.call.token);
});

test('where nobody listens it is set aside', async () => {
  await using quiet = await startHouse();
  for (const variant of CHANGES) expectStatus(await postWebhook(quiet, bodyOf([variant])), 200);
  const kept = await quiet.ctx.db.query<{ organisation_id: string; change: JsonObject }>(
    'select organisation_id, change from inbound_aside',
  );
  expect(new Set(kept.map((one) => one.organisation_id))).toEqual(new Set([quiet.organisationId]));
  const values = kept.map(({ change }) => canonicalJson(change['value'] ?? null));
  for (const { name, field, value } of CHANGES)
    // Of an address book the contacts are kept.
    if (field === 'smb_app_state_sync') expect(values, name).not.toContain(canonicalJson(value));
    else expect(values, name).toContain(canonicalJson(value));
});

test('what cannot be read at all is set aside as it is', async () => {
  await using quiet = await startHouse();
  const value = (said: JsonObject): JsonObject => ({ metadata: METADATA, ...said });
  const changes: Json[] = [
    { field: 'messages', value: value({ messages: ['a text', null, { type: 'text' }], statuses: [5] }) },
    { field: 'messages', value: value({ messages: 'no list', statuses: { no: 'list' } }) },
    { field: 'smb_message_echoes', value: value({ message_echoes: [{ id: 'wamid.to-nobody' }, 6] }) },
    { field: 'messages', value: 7 },
    'no change',
  ];
  const body = { entry: [{ id: WABA_ID, changes }, 'no entry', { id: WABA_ID, changes: 'none' }] };
  expectStatus(await postWebhook(quiet, body), 200);
  expectStatus(await postWebhook(quiet, ['no envelope']), 200);
  const kept = await quiet.ctx.db.query<{ change: JsonObject }>('select change from inbound_aside');
  const said = kept.map(({ change }) => change['unread'] ?? partsOf(change['value'] ?? null));
  const expected: Json[] = [
    { messages: ['a text'] },
    { messages: [null] },
    { messages: [{ type: 'text' }] },
    { statuses: [5] },
    { messages: ['no list'] },
    { statuses: [{ no: 'list' }] },
    { message_echoes: [{ id: 'wamid.to-nobody' }, 6] },
    { field: 'messages', value: 7 },
    'no change',
    'no entry',
    { id: WABA_ID, changes: 'none' },
    ['no envelope'],
  ];
  expect(said.map(canonicalJson).toSorted(byName)).toEqual(expected.map(canonicalJson).toSorted(byName));
});

function byName(a: string, b: string): number {
  return a.localeCompare(b);
}

function partsOf(value: Json): Json {
  if (!isObject(value)) return value;
  const { metadata: _, messaging_product: __, ...parts } = value;
  return parts;
}
