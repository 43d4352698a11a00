// Contacts and labels, as the kirim dialect shows and changes them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { conversationOf } from '../support/conversation-of.ts';
import { INSTANT } from '../support/envelopes.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHook } from '../support/hook.ts';
import {
  BUSINESS_PHONE,
  PHONE_NUMBER_ID,
  startHouse,
  until,
  type House,
  type Reply,
} from '../support/house.ts';
import { customerWrites, newWamid } from '../support/meta-webhook.ts';
import { envelope, inboundText, postWebhook } from '../support/signed-webhooks.ts';
import { subscribe } from '../support/subscribe.ts';

const OTHER_NUMBER_ID = '206540352242923';
const OTHER_PHONE = '628511760008030';

let house: House;

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await house.addNumber({ phoneNumberId: OTHER_NUMBER_ID, phone: OTHER_PHONE });
});

afterAll(() => house[Symbol.asyncDispose]());

const UNDER = `/v1/${PHONE_NUMBER_ID}/contacts`;
const make = (body: object): Promise<Reply> => house.request('POST', UNDER, body);
const show = async (id: string) => (await house.request('GET', `/v1/contacts/${id}`)).body.data;

async function made(body: object): Promise<string> {
  const reply = await make(body);
  expectStatus(reply, 201);
  return reply.body.data.id;
}

async function idsIn(path: string): Promise<string[]> {
  const list = await house.request('GET', path);
  expectStatus(list, 200);
  return list.body.data.map((one: { id: string }) => one.id);
}

describe('a contact', () => {
  test('is made, shown, changed and deleted', async () => {
    const reply = await make({
      phone_number: '+62 813-0000-0001',
      name: 'Ani Wijaya',
      email: 'ani@kopi.example',
      metadata: { crm: { id: 7, tags: ['a', '☕'] } },
    });
    expectStatus(reply, 201);
    const { id } = reply.body.data;
    expect(reply.body.data).toEqual({
      id: expect.stringMatching(/^ctc_[0-9A-HJKMNP-TV-Z]{26}$/),
      object: 'contact',
      phone_number: '+6281300000001',
      name: 'Ani Wijaya',
      user_id: null,
      username: null,
      profile_name: null,
      email: 'ani@kopi.example',
      metadata: { crm: { id: 7, tags: ['a', '☕'] } },
      labels: [],
      phone_number_id: PHONE_NUMBER_ID,
      whatsapp_account: { phone_number: `+${BUSINESS_PHONE}` },
      created_at: expect.stringMatching(INSTANT),
      updated_at: expect.stringMatching(INSTANT),
    });
    expect((await house.request('GET', `${UNDER}/${id}`)).body.data).toEqual(reply.body.data);
    const changed = await house.request('PATCH', `${UNDER}/${id}`, { name: null, metadata: { crm: 8 } });
    expect(changed.body.data).toMatchObject({ name: null, email: 'ani@kopi.example', metadata: { crm: 8 } });
    expect(await show(id)).toEqual(changed.body.data);
    const gone = await house.request('DELETE', `/v1/contacts/${id}`);
    expect(gone.body.data).toEqual({ id, object: 'contact', deleted: true });
    expectKirimError(await house.request('GET', `/v1/contacts/${id}`), 'resource_not_found');
    expectKirimError(await house.request('DELETE', `/v1/contacts/${id}`), 'resource_not_found');
    expectKirimError(await house.request('PATCH', `/v1/contacts/${id}`, { name: 'x' }), 'resource_not_found');
  });

  test('is there when a customer writes, by the name that people set, else by WhatsApp’s', async () => {
    const id = await made({ phone_number: '+6281300000002' });
    const writes = async (name: string): Promise<string> => {
      const wamid = newWamid();
      const message = inboundText('6281300000002', wamid, 'Halo');
      const contacts = [{ wa_id: '6281300000002', profile: { name } }];
      expectStatus(await postWebhook(house, envelope([{ contacts, messages: [message] }])), 200);
      return wamid;
    };
    const conversation = await conversationOf(house, await writes('ani ☕'));
    expect(conversation).toBe(id.replace('ctc', 'cnv'));
    expect(await show(id)).toMatchObject({ name: 'ani ☕', profile_name: 'ani ☕' });
    await house.request('PATCH', `/v1/contacts/${id}`, { name: 'Ibu Ani' });
    await writes('ani 🌙');
    expect(await show(id)).toMatchObject({ name: 'Ibu Ani', profile_name: 'ani 🌙' });
    expect((await house.request('GET', `/v1/conversations/${conversation}`)).body.data.contact.name).toBe(
      'Ibu Ani',
    );
    // Forgotten, and met again.
    await house.request('DELETE', `/v1/contacts/${id}`);
    await writes('ani');
    expect(await show(id)).toMatchObject({ name: 'ani', phone_number: '+6281300000002' });
  });

  test('holds no characters that PostgreSQL cannot keep', async () => {
    for (const name of ['half \ud83d', 'nul \u0000']) {
      const metadata = { phone_number: '+6281300000009', metadata: { a: { b: name } } };
      expectKirimError(await make(metadata), 'invalid_field_value', 'metadata.a.b');
      expectKirimError(await make({ phone_number: '+6281300000009', name }), 'invalid_field_value', 'name');
    }
  });

  test('belongs to a number; the flat path takes it from the body', async () => {
    const flat = { phone_number: '+6281300000003', from: `+${OTHER_PHONE}` };
    const other = await house.request('POST', '/v1/contacts', flat);
    expectStatus(other, 201);
    expect(other.body.data.whatsapp_account).toEqual({ phone_number: `+${OTHER_PHONE}` });
    expect(other.body.data.id).not.toBe(await made({ phone_number: '+6281300000003' }));
    const { id } = other.body.data;
    expectKirimError(await house.request('GET', `${UNDER}/${id}`), 'resource_not_found');
    expectStatus(await house.request('GET', `/v1/${OTHER_NUMBER_ID}/contacts/${id}`), 200);
    const nobody = { phone_number: '+6281300000004' };
    expectKirimError(await house.request('POST', '/v1/contacts', nobody), 'missing_required_field', 'from');
  });

  test.each([
    [{}, 'missing_required_field', 'phone_number'],
    [{ phone_number: '0812' }, 'invalid_phone_number', 'phone_number'],
    [{ phone_number: '+6281300000005', email: 'ani' }, 'invalid_field_value', 'email'],
    [{ phone_number: '+6281300000005', name: '' }, 'invalid_field_value', 'name'],
    [{ phone_number: '+6281300000005', metadata: [] }, 'invalid_field_value', 'metadata'],
    [
      { phone_number: '+6281300000005', metadata: { a: 'x'.repeat(17_000) } },
      'invalid_field_value',
      'metadata',
    ],
    [{ phone_number: '+6281300000005', from: `+${BUSINESS_PHONE}` }, 'invalid_field_value', 'from'],
    [{ phone_number: '+6281300000005', nickname: 'An' }, 'invalid_field_value', 'nickname'],
  ] as const)('of %j is refused', async (body, code, param) => {
    expectKirimError(await make(body), code, param);
  });

  test('is refused where there is one with this phone number, by whatever name it was met', async () => {
    await made({ phone_number: '+6281300000006' });
    expectKirimError(await make({ phone_number: '6281300000006' }), 'invalid_field_value', 'phone_number');
    await customerWrites(house, { from: '', from_user_id: 'ID.13007' });
    await customerWrites(house, { from: '6281300000007', from_user_id: 'ID.13007' });
    expectKirimError(await make({ phone_number: '+6281300000007' }), 'invalid_field_value', 'phone_number');
  });

  test('is told of: made, changed, labelled, each once', async () => {
    await using hook = await startHook();
    await subscribe(house, { url: hook.url, events: ['contact.created', 'contact.updated'] });
    const id = await made({ phone_number: '+6281300000008', name: 'Dewi' });
    await house.request('PATCH', `/v1/contacts/${id}`, { name: 'Dewi', email: null });
    await house.request('PATCH', `/v1/contacts/${id}`, { name: 'Dewi S', metadata: { a: 1 } });
    const label = (await house.request('POST', '/v1/labels', { name: 'VIP' })).body.data.id;
    await house.request('POST', `/v1/contacts/${id}/labels`, { label_id: label });
    await house.request('POST', `/v1/contacts/${id}/labels`, { label_id: label });
    await house.request('DELETE', `/v1/contacts/${id}/labels/${label}`);
    const told = await until('all of it', async () => {
      const events = hook.heard
        .map(({ body }) => JSON.parse(body))
        .filter(({ data }) => data.contact.id === id);
      return events.length >= 4 && events;
    });
    const said = told.map(({ type, data }) => [
      type,
      data.acquisition_source ?? data.changed_fields,
      data.contact.labels.length,
    ]);
    expect(said).toHaveLength(4);
    expect(said).toEqual(
      expect.arrayContaining([
        ['contact.created', 'api', 0],
        ['contact.updated', ['name', 'metadata'], 0],
        ['contact.updated', ['labels'], 1],
        ['contact.updated', ['labels'], 0],
      ]),
    );
  });
});

describe('the list of contacts', () => {
  test('begins with the newest, and its pages meet each once', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await made({ phone_number: `+628140000000${i}` }));
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await house.request('GET', `/v1/contacts?limit=2${cursor}`);
      expectStatus(page, 200);
      seen.push(...page.body.data.map((one: { id: string }) => one.id));
      if (!page.body['has_more']) break;
      cursor = `&cursor=${page.body['next_cursor']}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids.toReversed());
  });

  test('is searched by phone, name, e-mail, username and label', async () => {
    const id = await made({
      phone_number: '+6281500000001',
      name: '100% Joko_Ö',
      email: 'joko@batik.example',
    });
    for (const query of [
      'phone=%2B6281500000001',
      'phone=+6281500000001',
      'phone=6281500000001',
      'search=joko_',
      'search=100%25%20j',
      'search=BATIK.EX',
      'search=%2B62%20815-0000-0001',
    ])
      expect(await idsIn(`/v1/contacts?${query}`), query).toEqual([id]);
    for (const query of ['phone=%2B6281500000002', 'search=jokox', 'search=%25%25']) {
      expect(await idsIn(`/v1/contacts?${query}`), query).toEqual([]);
    }
    expect(await idsIn(`/v1/${OTHER_NUMBER_ID}/contacts?search=joko`)).toEqual([]);
    const label = (await house.request('POST', '/v1/labels', { name: 'Batik' })).body.data.id;
    await house.request('POST', `/v1/contacts/${id}/labels`, { label_id: label });
    expect(await idsIn(`/v1/contacts?label_id=${label}`)).toEqual([id]);
  });

  test.each([
    ['phone=abc', 'invalid_phone_number', 'phone'],
    ['search=', 'invalid_field_value', 'search'],
    [`search=${'x'.repeat(201)}`, 'invalid_field_value', 'search'],
    ['label_id=VIP', 'invalid_field_value', 'label_id'],
    ['email=a', 'invalid_field_value', 'email'],
  ] as const)('?%s is refused', async (query, code, param) => {
    expectKirimError(await house.request('GET', `/v1/contacts?${query}`), code, param);
  });
});

describe('labels', () => {
  test('are made, listed by name, changed and deleted', async () => {
    const reply = await house.request('POST', '/v1/labels', { name: 'Reseller' });
    expectStatus(reply, 201);
    const { id } = reply.body.data;
    expect(reply.body.data).toEqual({
      id: expect.stringMatching(/^lbl_[0-9A-HJKMNP-TV-Z]{26}$/),
      object: 'label',
      name: 'Reseller',
      color: 'gray',
      team_id: house.organisationId,
      created_at: expect.stringMatching(INSTANT),
      updated_at: expect.stringMatching(INSTANT),
    });
    expectKirimError(
      await house.request('POST', '/v1/labels', { name: 'Reseller' }),
      'invalid_field_value',
      'name',
    );
    expectKirimError(
      await house.request('POST', '/v1/labels', { name: 'x', color: 'mauve' }),
      'invalid_field_value',
      'color',
    );
    const other = (await house.request('POST', '/v1/labels', { name: 'Agen', color: 'teal' })).body.data.id;
    expectKirimError(
      await house.request('PATCH', `/v1/labels/${id}`, { name: 'Agen' }),
      'invalid_field_value',
      'name',
    );
    const changed = await house.request('PATCH', `/v1/labels/${id}`, { color: 'pink' });
    expect(changed.body.data).toMatchObject({ name: 'Reseller', color: 'pink' });
    expect((await house.request('GET', `/v1/labels/${id}`)).body.data).toEqual(changed.body.data);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await house.request('GET', `/v1/labels?limit=1${cursor}`);
      seen.push(...page.body.data.map((one: { id: string }) => one.id));
      if (!page.body['has_more']) break;
      cursor = `&cursor=${encodeURIComponent(page.body['next_cursor'])}`;
    }
    expect(seen.filter((one) => one === id || one === other)).toEqual([other, id]);
    const gone = await house.request('DELETE', `/v1/labels/${id}`);
    expect(gone.body.data).toEqual({ id, object: 'label', deleted: true });
    expectKirimError(await house.request('GET', `/v1/labels/${id}`), 'resource_not_found');
  });

  test('go on conversations, too, and from everything when they are deleted', async () => {
    const label = (await house.request('POST', '/v1/labels', { name: 'Mendesak', color: 'red' })).body.data
      .id;
    const conversation = await conversationOf(house, await customerWrites(house, { from: '6281600000001' }));
    const contact = conversation.replace('cnv', 'ctc');
    const on = await house.request('POST', `/v1/${PHONE_NUMBER_ID}/conversations/${conversation}/labels`, {
      label_id: label,
    });
    expect(on.body.data).toEqual({ conversation_id: conversation, label_id: label, attached: true });
    await house.request('POST', `/v1/contacts/${contact}/labels`, { label_id: label });
    const shown = { id: label, object: 'label', name: 'Mendesak', color: 'red' };
    const conversationNow = async () =>
      (await house.request('GET', `/v1/conversations/${conversation}`)).body.data;
    expect((await conversationNow()).labels).toEqual([shown]);
    expect((await show(contact)).labels).toEqual([shown]);
    const off = await house.request('DELETE', `/v1/conversations/${conversation}/labels/${label}`);
    expect(off.body.data).toEqual({ conversation_id: conversation, label_id: label, attached: false });
    expect((await conversationNow()).labels).toEqual([]);
    await house.request('POST', `/v1/conversations/${conversation}/labels`, { label_id: label });
    expectStatus(await house.request('DELETE', `/v1/labels/${label}`), 200);
    expect((await conversationNow()).labels).toEqual([]);
    expect((await show(contact)).labels).toEqual([]);
    const again = await house.request('POST', `/v1/contacts/${contact}/labels`, { label_id: label });
    expectKirimError(again, 'resource_not_found', 'label_id');
  });

  test('go on many contacts at once; what is not there, or of another number, is counted', async () => {
    const label = (await house.request('POST', '/v1/labels', { name: 'Massal' })).body.data.id;
    const ours = [
      await made({ phone_number: '+6281700000001' }),
      await made({ phone_number: '+6281700000002' }),
    ];
    const flat = { phone_number: '+6281700000001', from: OTHER_PHONE };
    const other = (await house.request('POST', '/v1/contacts', flat)).body.data.id;
    const contact_ids = [...ours, ours[0], other, 'ctc_00000000000000000000000000'];
    const bulk = (operation: string, path = UNDER) =>
      house.request('POST', `${path}/bulk_label`, { contact_ids, label_id: label, operation });
    expect((await bulk('attach')).body.data).toEqual({
      applied: 2,
      skipped_cross_org: 1,
      skipped_team_mismatch: 1,
    });
    expect((await idsIn(`/v1/contacts?label_id=${label}`)).toSorted()).toEqual(ours.toSorted());
    expect((await bulk('attach', '/v1/contacts')).body.data).toEqual({
      applied: 3,
      skipped_cross_org: 1,
      skipped_team_mismatch: 0,
    });
    expect((await bulk('detach')).body.data).toMatchObject({ applied: 2 });
    expect(await idsIn(`/v1/contacts?label_id=${label}`)).toEqual([other]);
    expectKirimError(await bulk('toggle'), 'invalid_field_value', 'operation');
    const many = { contact_ids: Array(1_001).fill(other), label_id: label, operation: 'attach' };
    expectKirimError(
      await house.request('POST', '/v1/contacts/bulk_label', many),
      'invalid_field_value',
      'contact_ids',
    );
  });
});
