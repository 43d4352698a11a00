// No organisation sees another's (promise 8): every route of every dialect is asked with a foreign key and foreign ids. The
// routes come from the dialects' own lists, so that a new endpoint without a case here fails.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Dialect } from '../../src/dialects/dialect.ts';
import { graph } from '../../src/dialects/graph/index.ts';
import { kapso } from '../../src/dialects/kapso/index.ts';
import { kirim } from '../../src/dialects/kirim/index.ts';
import {
  BUSINESS_PHONE,
  PHONE_NUMBER_ID,
  startHouse,
  until,
  type House,
  type Reply,
} from '../support/house.ts';
import { postForm } from '../support/form.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { peopleCases, type Method } from '../support/tenant-people.ts';
import { inboundText, messageEnvelope, postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';
import { webhookCases } from '../support/tenant-webhooks.ts';

const CANARY = 'Rahasia Kopi Senja';
const CUSTOMER = '12025550101';
const STRANGER_NUMBER_ID = '206540352242923';
const STRANGER_PHONE = '628511760008030';
const INBOUND_WAMID = 'wamid.owners-inbound';

let meta: MetaByHand;
let house: House;
let stranger: { organisationId: string; apiKey: string };
let ownersMessageId: string;
let ownersWamid: string;
let ownersCursor: string;
let ownersConversationId: string;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 300 } });
  stranger = await house.addOrganisation('Toko Sebelah');
  await house.addNumber({
    phoneNumberId: STRANGER_NUMBER_ID,
    phone: STRANGER_PHONE,
    organisationId: stranger.organisationId,
  });
  const sent = await house.sendText(CUSTOMER, CANARY, { 'idempotency-key': 'the-key-of-both' });
  ownersMessageId = sent.body.data.id;
  ownersConversationId = sent.body.data.conversation_id;
  await house.sendText(CUSTOMER, CANARY);
  ownersWamid = meta.callsTo(CUSTOMER)[0]?.wamid ?? '';
  await postWebhook(house, messageEnvelope([inboundText(CUSTOMER, INBOUND_WAMID, CANARY)]));
  ownersCursor = (await house.request('GET', '/v1/messages?limit=1')).body['next_cursor'];
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

/** The message of a customer who sent the owner an image. */
async function ownersMedia(): Promise<string> {
  const image = { id: '1000000000000001', mime_type: 'image/png' };
  const message = { ...inboundText('12025550109', 'wamid.owners-media', CANARY), type: 'image', image };
  await postWebhook(house, messageEnvelope([message]));
  const listed = await house.request('GET', '/v1/messages?message_id=wamid.owners-media');
  return listed.body.data[0].id;
}

/** A request of the stranger's. */
function asStranger(
  route: `${Method} ${string}`,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const [method = '', path = ''] = route.split(' ');
  return house.request(method, path, body, { authorization: `Bearer ${stranger.apiKey}`, ...headers });
}

const text = (rest: object = {}): object => ({
  messaging_product: 'whatsapp',
  to: '+12025550177',
  type: 'text',
  text: { body: 'Halo' },
  ...rest,
});
const receipt = (wamid: string): object => ({
  messaging_product: 'whatsapp',
  status: 'read',
  message_id: wamid,
});

function some<Item>(items: Item[]): Item[] | false {
  return items.length > 0 && items;
}

// What the owner has and no stranger may read.
function expectNothingOfTheOwner(reply: Reply): void {
  const said = reply.text + JSON.stringify([...reply.headers]);
  for (const secret of [CANARY, house.organisationId, house.apiKey, BUSINESS_PHONE, CUSTOMER, 'Kopi Senja'])
    expect(said).not.toContain(secret);
}

function expectKirimNotFound(reply: Reply, param?: string): void {
  expectKirimError(reply, 'resource_not_found', param);
  expectNothingOfTheOwner(reply);
}

// Meta's own word for an object that is not there, or not yours.
function expectGraphNotFound(reply: Reply): void {
  expectGraphError(reply, { status: 400, code: 100, subcode: 33, type: 'GraphMethodException' });
  expectNothingOfTheOwner(reply);
}

// A message is no object of Meta's: its word for an id that is not there, or not yours, is a bad parameter.
function expectGraphNoMessage(reply: Reply): void {
  expectGraphError(reply, { status: 400, code: 100, type: 'OAuthException' });
  expectNothingOfTheOwner(reply);
}

function expectEmptyList(reply: Reply): void {
  expectStatus(reply, 200);
  expect(reply.body).toMatchObject({ data: [], has_more: false, next_cursor: null });
  expectNothingOfTheOwner(reply);
}

function uploadAsStranger(path: string): Promise<Reply> {
  return postForm({ ...house, apiKey: stranger.apiKey }, { path, bytes: Buffer.from('Halo') });
}

async function foreignMedium(
  route: 'GET /v24.0' | 'DELETE /v24.0' | `${'GET' | 'DELETE'} /meta/${string}`,
): Promise<void> {
  await ownersMedia();
  for (const query of ['', `?phone_number_id=${PHONE_NUMBER_ID}`])
    expectGraphNotFound(await asStranger(`${route}/1000000000000001${query}`));
  const [row] = await house.ctx.db.query(`select id from media where source_id = '1000000000000001'`);
  expect(row).toBeDefined();
}

const graphCases = (prefix: string) => async (): Promise<void> => {
  const key = { 'x-api-key': stranger.apiKey };
  expectGraphNotFound(await asStranger(`POST ${prefix}/${PHONE_NUMBER_ID}/messages`, text(), key));
  expectGraphNotFound(
    await asStranger(`POST ${prefix}/${PHONE_NUMBER_ID}/messages`, receipt(INBOUND_WAMID), key),
  );
  // The stranger's own number, the owner's message.
  expectGraphNoMessage(
    await asStranger(`POST ${prefix}/${STRANGER_NUMBER_ID}/messages`, receipt(INBOUND_WAMID), key),
  );
  expectGraphNoMessage(
    await asStranger(`POST ${prefix}/${STRANGER_NUMBER_ID}/messages`, receipt(ownersWamid), key),
  );
};

const CASES: Record<string, () => Promise<void>> = {
  async 'kirim GET /v1/me'() {
    const me = await asStranger('GET /v1/me');
    expect(me.body.data.organization).toMatchObject({ id: stranger.organisationId, name: 'Toko Sebelah' });
    expectNothingOfTheOwner(me);
  },
  async 'kirim GET /v1/accounts'() {
    for (const query of ['', '?status=all']) {
      const accounts = await asStranger(`GET /v1/accounts${query}`);
      expect(accounts.body.data).toHaveLength(1);
      expect(accounts.body.data[0].phone_number_id).toBe(STRANGER_NUMBER_ID);
      expect(accounts.text).not.toContain(BUSINESS_PHONE);
    }
  },
  async 'kirim POST /v1/:phone_number_id/messages'() {
    expectKirimNotFound(await asStranger(`POST /v1/${PHONE_NUMBER_ID}/messages`, text()), 'phone_number_id');
    for (const wamid of [INBOUND_WAMID, ownersWamid, 'wamid.of-nobody']) {
      const foreign = await asStranger(`POST /v1/${PHONE_NUMBER_ID}/messages`, receipt(wamid));
      expectKirimNotFound(foreign, 'phone_number_id');
      const own = await asStranger(`POST /v1/${STRANGER_NUMBER_ID}/messages`, receipt(wamid));
      expectKirimNotFound(own, 'message_id');
    }
  },
  async 'kirim GET /v1/:phone_number_id/messages'() {
    expectKirimNotFound(await asStranger(`GET /v1/${PHONE_NUMBER_ID}/messages`), 'phone_number_id');
    expectEmptyList(await asStranger(`GET /v1/${STRANGER_NUMBER_ID}/messages?to=${CUSTOMER}`));
  },
  async 'kirim GET /v1/:phone_number_id/messages/:id'() {
    const foreign = await asStranger(`GET /v1/${PHONE_NUMBER_ID}/messages/${ownersMessageId}`);
    expectKirimNotFound(foreign, 'phone_number_id');
    expectKirimNotFound(await asStranger(`GET /v1/${STRANGER_NUMBER_ID}/messages/${ownersMessageId}`));
  },
  async 'kirim DELETE /v1/:phone_number_id/messages/:id'() {
    meta.react(() => ({ kind: 'hold' }));
    const [first, queued] = [
      await house.sendText('12025550102', CANARY, { prefer: 'respond-async' }),
      await house.sendText('12025550102', CANARY, { prefer: 'respond-async' }),
    ];
    const id: string = queued.body.data.id;
    expect(first.body.data.status).not.toBe('failed');
    const foreign = await asStranger(`DELETE /v1/${PHONE_NUMBER_ID}/messages/${id}`);
    expectKirimNotFound(foreign, 'phone_number_id');
    expectKirimNotFound(await asStranger(`DELETE /v1/${STRANGER_NUMBER_ID}/messages/${id}`));
    const after = await house.request('GET', `/v1/messages/${id}`);
    expect(after.body.data.status).toBe('queued');
    meta.letGo();
  },
  async 'kirim POST /v1/messages'() {
    const flat = { to: '+12025550177', type: 'text', text: { body: 'Halo' } };
    const foreign = await asStranger('POST /v1/messages', { ...flat, from: `+${BUSINESS_PHONE}` });
    expectKirimNotFound(foreign, 'from');
    // Nor is the owner's number ever the only one there is.
    const own = await asStranger('POST /v1/messages', { ...flat, to: '+12025550178' });
    expectStatus(own, 202);
    const [call] = await until('the call', async () => some(meta.callsTo('12025550178')));
    expect(call?.phoneNumberId).toBe(STRANGER_NUMBER_ID);
    const bare = await house.addOrganisation('Tanpa nomor');
    const none = await house.request('POST', '/v1/messages', flat, {
      authorization: `Bearer ${bare.apiKey}`,
    });
    expectKirimError(none, 'whatsapp_number_not_verified');
  },
  async 'kirim GET /v1/messages'() {
    const fresh = await house.addOrganisation('Baru');
    const key = { authorization: `Bearer ${fresh.apiKey}` };
    for (const query of ['', `?to=${CUSTOMER}`, '?direction=inbound', '?status=pending&limit=100'])
      expectEmptyList(await house.request('GET', `/v1/messages${query}`, undefined, key));
    const foreign = await house.request('GET', `/v1/messages?limit=1&cursor=${ownersCursor}`, undefined, key);
    expectKirimError(foreign, 'invalid_cursor', 'cursor');
  },
  async 'kirim GET /v1/:phone_number_id/messages/:id/media'() {
    const foreign = await asStranger(`GET /v1/${PHONE_NUMBER_ID}/messages/${await ownersMedia()}/media`);
    expectKirimNotFound(foreign, 'phone_number_id');
    expectKirimNotFound(
      await asStranger(`GET /v1/${STRANGER_NUMBER_ID}/messages/${await ownersMedia()}/media`),
    );
  },
  async 'kirim GET /v1/messages/:id/media'() {
    expectKirimNotFound(await asStranger(`GET /v1/messages/${await ownersMedia()}/media`));
  },
  async 'kirim POST /v1/:phone_number_id/media'() {
    expectKirimNotFound(await uploadAsStranger(`/v1/${PHONE_NUMBER_ID}/media`), 'phone_number_id');
  },
  async 'kirim GET /v1/messages/:id'() {
    expectKirimNotFound(await asStranger(`GET /v1/messages/${ownersMessageId}`));
  },
  ...webhookCases(() => ({ house, asStranger, phoneNumberId: PHONE_NUMBER_ID })),
  ...peopleCases(() => ({
    house,
    asStranger,
    conversationId: ownersConversationId,
    customer: CUSTOMER,
    strangerNumberId: STRANGER_NUMBER_ID,
    expectNotFound: expectKirimNotFound,
    expectEmptyList,
  })),
  'kapso POST /meta/whatsapp/v24.0/:phone_number_id/messages': graphCases('/meta/whatsapp/v24.0'),
  'kapso POST /meta/whatsapp/v24.0/:phone_number_id/media': async () =>
    expectGraphNotFound(await uploadAsStranger(`/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/media`)),
  'kapso GET /meta/whatsapp/v24.0/:media_id': () => foreignMedium('GET /meta/whatsapp/v24.0'),
  'kapso DELETE /meta/whatsapp/v24.0/:media_id': () => foreignMedium('DELETE /meta/whatsapp/v24.0'),
  'graph POST /v24.0/:phone_number_id/messages': graphCases('/v24.0'),
  'graph POST /v24.0/:phone_number_id/media': async () =>
    expectGraphNotFound(await uploadAsStranger(`/v24.0/${PHONE_NUMBER_ID}/media`)),
  'graph GET /v24.0/:media_id': () => foreignMedium('GET /v24.0'),
  'graph DELETE /v24.0/:media_id': () => foreignMedium('DELETE /v24.0'),
};

const DIALECTS: readonly Dialect[] = [kirim, kapso, graph];
const routes = DIALECTS.flatMap((dialect) =>
  dialect.endpoints.map((endpoint) => {
    const prefix = dialect.prefix.replace(/:version\([^)]*\)/, 'v24.0');
    return `${dialect.name} ${endpoint.method} ${prefix}${endpoint.path}`;
  }),
);

describe('a foreign key finds nothing at', () => {
  test.each(routes)('%s', async (route) => {
    const look = CASES[route];
    expect(look, `no case in this file for ${route}`).toBeDefined();
    const before = meta.calls.length;
    await look?.();
    const ofTheOwner = meta.calls.slice(before).filter((call) => call.to === '12025550177');
    expect(ofTheOwner, 'nothing left in the stranger’s name from the owner’s number').toEqual([]);
  });

  test('every case has its route', () => {
    expect(Object.keys(CASES).toSorted()).toEqual(routes.toSorted());
  });
});

test('the same idempotency key in two organisations is two keys', async () => {
  const sent = await asStranger(
    `POST /v1/${STRANGER_NUMBER_ID}/messages`,
    { messaging_product: 'whatsapp', to: CUSTOMER, type: 'text', text: { body: CANARY } },
    { 'idempotency-key': 'the-key-of-both' },
  );
  expectStatus(sent, 200);
  expect(sent.headers.get('idempotent-replayed')).toBe('false');
  expect(sent.body.data.id).not.toBe(ownersMessageId);
  const seen = await asStranger(`GET /v1/messages/${sent.body.data.id}`);
  expect(seen.body.data.phone_number_id).toBe(STRANGER_NUMBER_ID);
});

test('a status for the stranger’s number never moves the owner’s message', async () => {
  const call = meta.callsTo(CUSTOMER)[0];
  const status = {
    id: ownersWamid,
    status: 'failed',
    timestamp: '1760000000',
    recipient_id: CUSTOMER,
    biz_opaque_callback_data: call?.token ?? '',
    errors: [{ code: 131026, title: 'Undeliverable' }],
  };
  const posted = await postWebhook(house, statusEnvelope([status], { phoneNumberId: STRANGER_NUMBER_ID }));
  expect(posted.status).toBe(200);
  const after = await house.request('GET', `/v1/messages/${ownersMessageId}`);
  expect(after.body.data.status).toBe('pending');
});

test('an inbound message is its own organisation’s, the same wamid or not', async () => {
  const told = inboundText('12025550103', INBOUND_WAMID, 'Dari sebelah');
  await postWebhook(house, messageEnvelope([told], { phoneNumberId: STRANGER_NUMBER_ID }));
  const theirs = await until('the stranger’s inbound message', async () => {
    const list = await asStranger('GET /v1/messages?direction=inbound');
    return list.body.data.length > 0 && list;
  });
  expect(theirs.body.data).toHaveLength(1);
  expect(theirs.body.data[0]).toMatchObject({ from: '+12025550103', message_id: INBOUND_WAMID });
  expectNothingOfTheOwner(theirs);
  const ours = await house.request('GET', '/v1/messages?direction=inbound');
  const senders = ours.body.data.map((one: { from: string }) => one.from);
  expect(senders).toContain(`+${CUSTOMER}`);
  expect(senders).not.toContain('+12025550103');
});
