// One customer, one conversation: whoever writes, and by whatever name, to a number or is written to by it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { keepInbound, type InboundMessage } from '../../src/inbound/keep-store.ts';
import { conversationOf as conversationIn, writesAs } from '../support/conversation-of.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { customerWrites } from '../support/meta-webhook.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';

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
    media: null,
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
