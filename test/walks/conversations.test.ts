// Conversations: whoever writes, and by whatever name, to a number or is written to by it, has one conversation with that number.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { keepInbound, type InboundMessage } from '../../src/inbound/keep-store.ts';
import { INSTANT } from '../support/envelopes.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { customerWrites, newWamid, tellStatuses } from '../support/meta-webhook.ts';
import { envelope, inboundText, messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';

let meta: MetaByHand;
let house: House;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 100 } });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

async function conversationOf(wamid: string): Promise<string> {
  const found = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid)}`);
  expectStatus(found, 200);
  expect(found.body.data).toHaveLength(1);
  expect(found.body.data[0].conversation_id).toMatch(/^cnv_[0-9A-HJKMNP-TV-Z]{26}$/);
  return found.body.data[0].conversation_id;
}

/** A customer with a user id writes; without a phone where it is null. */
function writes(phone: string | null, userId: string, more: object = {}): Promise<string> {
  return customerWrites(house, { from: phone ?? '', from_user_id: userId, ...more });
}

describe('one customer, one conversation', () => {
  test('what a customer writes and what is sent to the phone', async () => {
    const first = await conversationOf(await customerWrites(house, { from: '6281300000001' }));
    const sent = await house.sendText('+6281300000001');
    expect(sent.body.data.conversation_id).toBe(first);
    const shown = await house.request('GET', `/v1/messages/${sent.body.data.id}`);
    expect(shown.body.data.conversation_id).toBe(first);
    expect(await conversationOf(await customerWrites(house, { from: '6281300000002' }))).not.toBe(first);
  });

  test('a customer who takes a username, so that only the user id is told, keeps it', async () => {
    const first = await conversationOf(await writes('6281300000003', 'ID.3000000003'));
    expect(await conversationOf(await writes(null, 'ID.3000000003'))).toBe(first);
  });

  test('one who was known by the user id alone and reveals the phone keeps it', async () => {
    const first = await conversationOf(await writes(null, 'ID.3000000004'));
    expect(await conversationOf(await writes('6281300000004', 'ID.3000000004'))).toBe(first);
    // Now by the phone alone, too.
    expect(await conversationOf(await customerWrites(house, { from: '6281300000004' }))).toBe(first);
  });

  test('one who moves to another phone number, or gets another user id, keeps it', async () => {
    const first = await conversationOf(await writes('6281300000005', 'ID.3000000005'));
    const moved = { body: 'moved', type: 'user_changed_number', wa_id: '6281300000006' };
    expect(
      await conversationOf(await writes('6281300000005', 'ID.3000000005', { type: 'system', system: moved })),
    ).toBe(first);
    expect(await conversationOf(await customerWrites(house, { from: '6281300000006' }))).toBe(first);
    const renamed = {
      type: 'user_changed_user_id',
      previous_user_id: 'ID.3000000005',
      user_id: 'ID.3000000006',
    };
    expect(
      await conversationOf(await writes(null, 'ID.3000000006', { type: 'system', system: renamed })),
    ).toBe(first);
    expect(await conversationOf(await writes(null, 'ID.3000000006'))).toBe(first);
  });

  test('one who is written to by another name than the conversation’s has one all the same', async () => {
    const byPhone = await conversationOf(await writes('6281300000007', 'ID.3000000007'));
    const toUserId = await house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, {
      messaging_product: 'whatsapp',
      recipient: 'ID.3000000007',
      type: 'text',
      text: { body: 'Halo' },
    });
    expectStatus(toUserId, 200);
    const byUserId = await conversationOf(await writes(null, 'ID.3000000008'));
    await writes('6281300000008', 'ID.3000000008');
    const toPhone = await house.sendText('+6281300000008');
    for (const [sent, conversation] of [
      [toUserId, byPhone],
      [toPhone, byUserId],
    ] as const)
      await until('the conversation of the customer', async () => {
        const shown = await house.request('GET', `/v1/messages/${sent.body.data.id}`);
        return shown.body.data.conversation_id === conversation;
      });
  });

  test('a group has its own', async () => {
    const alone = await conversationOf(await customerWrites(house, { from: '6281300000009' }));
    const group = await conversationOf(
      await customerWrites(house, { from: '6281300000009', group_id: 'Y2FwaV9ncm91cDo' }),
    );
    expect(group).not.toBe(alone);
    const other = await customerWrites(house, { from: '6281300000010', group_id: 'Y2FwaV9ncm91cDo' });
    expect(await conversationOf(other)).toBe(group);
  });
});

describe('what a message brings about is told once', () => {
  const said = (wamid: string, more: Partial<InboundMessage> = {}): InboundMessage => ({
    organisationId: house.organisationId,
    id: `msg_${wamid}`,
    phoneNumberId: PHONE_NUMBER_ID,
    type: 'text',
    recipient: BUSINESS_PHONE,
    groupId: null,
    sender: { phone: '6281400000001', userId: null, parentUserId: null, username: null, profileName: 'Ani' },
    body: '{}',
    wamid,
    at: 1_780_000_000_000,
    speaks: true,
    ...more,
  });
  const keep = (...rows: InboundMessage[]) => keepInbound(house.ctx.db, rows, house.ctx.clock.now());

  test('a repetition brings about nothing', async () => {
    const first = await keep(said('a'), said('a'), said('b'));
    expect(first.map((one) => one?.isNewConversation)).toEqual([true, undefined, false]);
    expect(first.map((one) => one?.contact?.isNew)).toEqual([true, undefined, false]);
    expect(first[0]?.contact).toMatchObject({ name: 'Ani', phone: '6281400000001', userId: null });
    expect(await keep(said('b'), said('a'))).toEqual([null, null]);
  });

  test('what is learned of a customer is told by the message that brings it', async () => {
    const sender = {
      phone: '6281400000001',
      userId: 'ID.1',
      parentUserId: null,
      username: 'ani.w',
      profileName: 'Ani W',
    };
    const [learned, same] = await keep(said('c', { sender }), said('d', { sender }));
    expect(learned?.contact).toMatchObject({ isNew: false, name: 'Ani W', username: 'ani.w' });
    expect(learned?.contact?.changed).toEqual(['user_id', 'username', 'profile_name']);
    expect(same?.contact?.changed).toEqual([]);
    const [nothing] = await keep(said('e', { sender }));
    expect(nothing?.contact).toMatchObject({ changed: [], isNew: false, userId: 'ID.1' });
  });

  test('the two names of one who is new are told in one breath', async () => {
    const names = { parentUserId: null, username: null, profileName: null };
    const alone = said('f', { sender: { phone: null, userId: 'ID.9', ...names } });
    const both = said('g', { sender: { phone: '6281400000009', userId: 'ID.9', ...names } });
    const [one, other] = await keep(alone, both);
    expect(one?.conversation).toBe('6281400000009');
    expect(other?.conversationId).toBe(one?.conversationId);
  });
});

describe('the list of conversations', () => {
  test('begins with the latest message, and its pages meet each once', async () => {
    const wamids = [];
    for (let i = 0; i < 5; i++) {
      const at = { timestamp: String(1_770_000_000 + i) };
      wamids.push(await customerWrites(house, { from: `628150000000${i}`, ...at }));
    }
    await customerWrites(house, { from: '6281500000001', timestamp: '1770000099' });
    const ids = await Promise.all(wamids.map(conversationOf));
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/conversations?limit=2${cursor}`);
      expectStatus(page, 200);
      seen.push(...page.body.data.map((one: { id: string }) => one.id));
      if (!page.body['has_more']) break;
      cursor = `&cursor=${page.body['next_cursor']}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids.includes(id))).toEqual([ids[1], ids[4], ids[3], ids[2], ids[0]]);
  });

  test('holds those of one status, or the one with a contact', async () => {
    const id = await conversationOf(await customerWrites(house, { from: '6281500000011' }));
    expectStatus(await house.request('PATCH', `/v1/conversations/${id}`, { status: 'pending' }), 200);
    const pending = await house.request('GET', '/v1/conversations?status=pending');
    expect(pending.body.data).toMatchObject([{ id, status: 'pending' }]);
    const contactId = pending.body.data[0].contact.id;
    const its = await house.request('GET', `/v1/conversations?contact_id=${contactId}&status=pending`);
    expect(its.body.data).toMatchObject([{ id, contact: { id: contactId } }]);
    expect(
      (await house.request('GET', `/v1/conversations?contact_id=${contactId}&status=open`)).body.data,
    ).toEqual([]);
  });

  test.each([
    ['status=closed', 'invalid_field_value', 'status'],
    ['contact_id=628111', 'invalid_field_value', 'contact_id'],
    ['order=asc', 'invalid_field_value', 'order'],
    ['limit=101', 'invalid_limit', 'limit'],
    ['cursor=nonsense', 'invalid_cursor', 'cursor'],
  ] as const)('?%s is refused', async (query, code, param) => {
    expectKirimError(await house.request('GET', `/v1/conversations?${query}`), code, param);
  });
});

describe('a conversation', () => {
  const show = async (id: string) => (await house.request('GET', `/v1/conversations/${id}`)).body.data;

  test('tells whose it is, what is unread, and until when its window is open', async () => {
    const at = Math.floor(Date.now() / 1_000) - 3_600;
    const contacts = [
      { wa_id: '6281600000001', user_id: 'ID.16', profile: { name: 'Citra', username: '@citra' } },
    ];
    const wamid = newWamid();
    const told = {
      ...inboundText('6281600000001', wamid, 'Halo'),
      from_user_id: 'ID.16',
      timestamp: String(at),
    };
    await postWebhook(house, envelope([{ contacts, messages: [told] }]));
    const id = await conversationOf(wamid);
    expect(await show(id)).toEqual({
      id,
      object: 'conversation',
      phone_number_id: PHONE_NUMBER_ID,
      status: 'open',
      contact: {
        id: id.replace('cnv', 'ctc'),
        phone_number: '+6281600000001',
        name: 'Citra',
        user_id: 'ID.16',
        username: 'citra',
      },
      whatsapp_account: { phone_number: `+${BUSINESS_PHONE}` },
      assignee: null,
      unread_count: 1,
      last_message_at: new Date(at * 1_000).toISOString(),
      last_inbound_at: new Date(at * 1_000).toISOString(),
      last_outbound_at: null,
      window: { open: true, expires_at: new Date((at + 86_400) * 1_000).toISOString() },
      created_at: expect.stringMatching(INSTANT),
      updated_at: expect.stringMatching(INSTANT),
    });
    expectKirimError(
      await house.request('GET', `/v1/${PHONE_NUMBER_ID}/conversations/cnv_none`),
      'resource_not_found',
    );
  });

  test('appears with what is sent, though the customer never wrote, and counts the business’s own as nothing to read', async () => {
    const sent = await house.sendText('+6281600000002');
    const { conversation_id: id, created_at: createdAt } = sent.body.data;
    const shown = await until('the conversation', async () => {
      const one = await show(id);
      return one?.last_outbound_at !== null && one;
    });
    expect(shown).toMatchObject({
      status: 'open',
      contact: { phone_number: '+6281600000002', name: null },
      unread_count: 0,
      last_inbound_at: null,
      window: { open: false, expires_at: null },
    });
    expect(Date.parse(shown.last_message_at)).toBeGreaterThanOrEqual(Date.parse(createdAt));
    expect(shown.last_outbound_at).toBe(shown.last_message_at);
  });

  test('is there at the latest by the statuses of a message whose accept was all that a node did before it died', async () => {
    const sent = await house.sendText('+6281600000003');
    const id = sent.body.data.conversation_id;
    await until('the conversation', async () => (await show(id))?.last_outbound_at !== null);
    await house.ctx.db.query('delete from conversations where id = $1', [id]);
    await house.restart();
    await tellStatuses(house, {
      wamid: meta.callsTo('6281600000003')[0]?.wamid ?? '',
      status: 'sent',
      at: 1_790_000_000,
    });
    expect(await until('the conversation', () => show(id))).toMatchObject({
      last_message_at: '2026-09-21T14:13:20.000Z',
    });
  });

  test('is opened again by the customer, and only by what the customer says, once', async () => {
    const from = '6281600000004';
    const first = await customerWrites(house, { from });
    const id = await conversationOf(first);
    const closed = await house.request('PATCH', `/v1/conversations/${id}`, { status: 'resolved' });
    expect(closed.body.data).toMatchObject({ status: 'resolved', unread_count: 1 });
    const system = { body: 'changed', type: 'customer_identity_changed' };
    await customerWrites(house, { from, type: 'system', system });
    await postWebhook(
      house,
      messageEnvelope([{ ...inboundText(from, first, 'Halo'), timestamp: await toldAt(first) }]),
    );
    expect(await show(id)).toMatchObject({ status: 'resolved', unread_count: 1 });
    await customerWrites(house, { from });
    expect(await show(id)).toMatchObject({ status: 'open', unread_count: 2 });
  });

  test('has as much to read as came after what was marked as read', async () => {
    const from = '6281600000005';
    const wamids = [];
    for (let i = 0; i < 4; i++)
      wamids.push(await customerWrites(house, { from, timestamp: String(1_780_000_000 + i) }));
    const id = await conversationOf(wamids[0] ?? '');
    const read = async (wamid: string | undefined) => {
      const receipt = { messaging_product: 'whatsapp', status: 'read', message_id: wamid ?? '' };
      expectStatus(await house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, receipt), 200);
      return (await show(id)).unread_count;
    };
    expect((await show(id)).unread_count).toBe(4);
    expect(await read(wamids[1])).toBe(2);
    // What came before is read already.
    expect(await read(wamids[0])).toBe(2);
    expect(await read(wamids[3])).toBe(0);
    await customerWrites(house, { from, timestamp: '1780000009' });
    expect((await show(id)).unread_count).toBe(1);
  });

  test('is given to somebody, and taken back', async () => {
    const id = await conversationOf(await customerWrites(house, { from: '6281600000006' }));
    const path = `/v1/${PHONE_NUMBER_ID}/conversations/${id}`;
    const given = await house.request('PATCH', path, { assigned_to: 'usr_ani' });
    expect(given.body.data).toMatchObject({
      assignee: { id: 'usr_ani', name: null, email: null },
      status: 'open',
    });
    expect((await show(id)).assignee.id).toBe('usr_ani');
    const taken = await house.request('PATCH', path, { assigned_to: null, status: 'resolved' });
    expect(taken.body.data).toMatchObject({ assignee: null, status: 'resolved' });
  });

  test.each([
    [{}, 'invalid_field_value', undefined],
    [{ status: 'closed' }, 'invalid_field_value', 'status'],
    [{ assigned_to: '' }, 'invalid_field_value', 'assigned_to'],
    [{ assigned_to: 7 }, 'invalid_field_value', 'assigned_to'],
    [{ assigned_to: 'a\u0000b' }, 'invalid_field_value', 'assigned_to'],
    [{ priority: 'high' }, 'invalid_field_value', 'priority'],
  ] as const)('%j is refused', async (body, code, param) => {
    const id = await conversationOf(await customerWrites(house, { from: '6281600000007' }));
    expectKirimError(await house.request('PATCH', `/v1/conversations/${id}`, body), code, param);
  });

  test('its messages are listed, under whichever of the customer’s names they went', async () => {
    const id = await conversationOf(await writes(null, 'ID.1600000008'));
    await writes('6281600000008', 'ID.1600000008');
    const sent = await house.sendText('+6281600000008');
    const listed = await until('all three', async () => {
      const list = await house.request('GET', `/v1/messages?conversation_id=${id}`);
      return list.body.data.length === 3 && list.body.data;
    });
    expect(listed.map((one: { conversation_id: string }) => one.conversation_id)).toEqual([id, id, id]);
    expect(listed[0].id).toBe(sent.body.data.id);
    const outbound = await house.request(
      'GET',
      `/v1/${PHONE_NUMBER_ID}/messages?conversation_id=${id}&direction=outbound`,
    );
    expect(outbound.body.data).toHaveLength(1);
    expectKirimError(
      await house.request('GET', '/v1/messages?conversation_id=7'),
      'invalid_field_value',
      'conversation_id',
    );
  });
});

async function toldAt(wamid: string): Promise<string> {
  const found = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid)}`);
  return String(Date.parse(found.body.data[0].created_at) / 1_000);
}
