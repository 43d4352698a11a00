// Conversations, as the kirim dialect shows and changes them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { conversationOf as conversationIn, writesAs } from '../support/conversation-of.ts';
import { INSTANT } from '../support/envelopes.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHook } from '../support/hook.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { customerWrites, newWamid, tellStatuses } from '../support/meta-webhook.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { envelope, inboundText, messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';
import { subscribe } from '../support/subscribe.ts';

let meta: MetaByHand;
let house: House;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({
    config: { graphUrl: meta.url, sendWaitMs: 100, webhookAllow: '127.0.0.0/8' },
  });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

const conversationOf = (wamid: string) => conversationIn(house, wamid);
const writes = (phone: string | null, userId: string, more: object = {}) =>
  writesAs(house, { phone, userId }, more);

describe('the list of conversations', () => {
  test('begins with the latest message, and its pages meet each once', async () => {
    const wamids = [];
    for (let i = 0; i < 5; i++) {
      const at = { timestamp: String(1_770_000_000 + i) };
      wamids.push(await customerWrites(house, { from: `628150000000${i}`, ...at }));
    }
    await customerWrites(house, { from: '6281500000001', timestamp: '1770000099' });
    const ids = await Promise.all(wamids.map(conversationOf));
    const seen = await everyPage(`/v1/${PHONE_NUMBER_ID}/conversations?limit=2`);
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

  test('holds those of one assignee or nobody’s, with a label, of a status, in any combination and page by page', async () => {
    const label: string = (await house.request('POST', '/v1/labels', { name: 'Garansi' })).body.data.id;
    const unused: string = (await house.request('POST', '/v1/labels', { name: 'Lain' })).body.data.id;
    // Told in one second: within it the ids decide.
    const made = [];
    for (let i = 0; i < 12; i++) {
      const from = `62815000001${10 + i}`;
      const id = await conversationOf(await customerWrites(house, { from, timestamp: '1770000200' }));
      const one = {
        id,
        assignedTo: [null, 'usr_citra', 'usr_dewi'][i % 3] ?? null,
        status: i % 2 ? 'pending' : 'open',
        labelled: i % 4 > 1,
      };
      const { status, assignedTo } = one;
      expectStatus(
        await house.request('PATCH', `/v1/conversations/${id}`, { status, assigned_to: assignedTo }),
        200,
      );
      if (one.labelled)
        expectStatus(await house.request('POST', `/v1/conversations/${id}/labels`, { label_id: label }), 200);
      made.push(one);
    }
    const all = made.toSorted((a, b) => (a.id < b.id ? 1 : -1));
    const ours = new Set(all.map(({ id }) => id));
    const filters = [undefined, 'none', 'usr_citra'].flatMap((assignee) =>
      [undefined, label].flatMap((labelId) =>
        [undefined, 'open', 'pending'].map((status) => ({ assignee, labelId, status })),
      ),
    );
    for (const { assignee, labelId, status } of filters) {
      const query = new URLSearchParams({
        limit: '2',
        ...(assignee && { assigned_to: assignee }),
        ...(labelId && { label_id: labelId }),
        ...(status && { status }),
      }).toString();
      const expected = all.filter(
        (one) =>
          (assignee === undefined || (one.assignedTo ?? 'none') === assignee) &&
          (labelId === undefined || one.labelled) &&
          (status === undefined || one.status === status),
      );
      for (const path of ['/v1/conversations', `/v1/${PHONE_NUMBER_ID}/conversations`]) {
        const shown = (await everyPage(`${path}?${query}`)).filter((id) => ours.has(id));
        expect(shown, query).toEqual(expected.map(({ id }) => id));
      }
    }
    for (const nobodys of [
      'assigned_to=usr_cit',
      'assigned_to=None',
      `label_id=${unused}`,
      `label_id=lbl_${'0'.repeat(26)}`,
    ])
      expect((await house.request('GET', `/v1/conversations?${nobodys}`)).body.data, nobodys).toEqual([]);
  });

  test('has cursors that hold for the filters they were made with, and keep their place when a conversation leaves them', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) {
      const at = { timestamp: String(1_770_000_300 + i) };
      const id = await conversationOf(await customerWrites(house, { from: `628150000013${i}`, ...at }));
      await house.request('PATCH', `/v1/conversations/${id}`, { assigned_to: 'usr_eka' });
      ids.push(id);
    }
    const first = await house.request('GET', '/v1/conversations?assigned_to=usr_eka&limit=1');
    const cursor = `cursor=${first.body['next_cursor']}`;
    for (const other of [
      '',
      'assigned_to=none&',
      'assigned_to=usr_dewi&',
      'assigned_to=usr_eka&status=open&',
    ])
      expectKirimError(
        await house.request('GET', `/v1/conversations?${other}${cursor}`),
        'invalid_cursor',
        'cursor',
      );
    await house.request('PATCH', `/v1/conversations/${ids[2]}`, { assigned_to: null });
    expect(await everyPage(`/v1/conversations?assigned_to=usr_eka&limit=1&${cursor}`)).toEqual([
      ids[1],
      ids[0],
    ]);
  });

  test.each([
    ['status=closed', 'invalid_field_value', 'status'],
    ['contact_id=628111', 'invalid_field_value', 'contact_id'],
    ['assigned_to=', 'invalid_field_value', 'assigned_to'],
    [`assigned_to=${'x'.repeat(201)}`, 'invalid_field_value', 'assigned_to'],
    ['assigned_to=a%00b', 'invalid_field_value', 'assigned_to'],
    ['label_id=VIP', 'invalid_field_value', 'label_id'],
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
      labels: [],
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
      wamids.push(
        await customerWrites(house, { from, timestamp: String(1_780_000_000 + Math.floor(i / 3)) }),
      );
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

  test('tells once who it was given to, and that it was closed', async () => {
    await using hook = await startHook();
    await subscribe(house, { url: hook.url, events: ['conversation.assigned', 'conversation.closed'] });
    const id = await conversationOf(await customerWrites(house, { from: '6281600000009' }));
    const path = `/v1/conversations/${id}`;
    await house.request('PATCH', path, { assigned_to: 'usr_ani' });
    await house.request('PATCH', path, { assigned_to: 'usr_ani', status: 'pending' });
    await house.request('PATCH', path, { assigned_to: 'usr_budi', status: 'resolved' });
    await house.request('PATCH', path, { status: 'resolved' });
    const events = await until('all of it', async () => {
      const told = hook.heard.map(({ body }) => JSON.parse(body));
      return told.length >= 3 && told;
    });
    expect(events.map(({ type, data }) => [type, data.assignee, data.conversation.status])).toEqual(
      expect.arrayContaining([
        ['conversation.assigned', { user_id: 'usr_ani', team_id: null, previous_user_id: null }, 'open'],
        [
          'conversation.assigned',
          { user_id: 'usr_budi', team_id: null, previous_user_id: 'usr_ani' },
          'resolved',
        ],
        ['conversation.closed', undefined, 'resolved'],
      ]),
    );
    expect(events).toHaveLength(3);
    for (const { data } of events) expect(data.conversation).toMatchObject({ id, object: 'conversation' });
  });

  test.each([
    [{}, 'invalid_field_value', undefined],
    [{ status: 'closed' }, 'invalid_field_value', 'status'],
    [{ assigned_to: '' }, 'invalid_field_value', 'assigned_to'],
    [{ assigned_to: 7 }, 'invalid_field_value', 'assigned_to'],
    [{ assigned_to: 'none' }, 'invalid_field_value', 'assigned_to'],
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

async function everyPage(path: string): Promise<string[]> {
  const seen: string[] = [];
  for (let next = path; ;) {
    const page = await house.request('GET', next);
    expectStatus(page, 200);
    seen.push(...page.body.data.map((one: { id: string }) => one.id));
    if (!page.body['has_more']) return seen;
    const url = new URL(path, 'http://kurir');
    url.searchParams.set('cursor', page.body['next_cursor']);
    next = url.pathname + url.search;
  }
}
