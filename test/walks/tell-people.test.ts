// Whoever appears, or becomes known by another name, is told of once, with the message that brought it.
import { expect, test } from 'vitest';

import { startHook, type Hook } from '../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../support/house.ts';
import { newWamid } from '../support/meta-webhook.ts';
import { envelope, inboundText, postWebhook } from '../support/signed-webhooks.ts';
import { subscribe } from '../support/subscribe.ts';

const EVENTS = ['contact.created', 'contact.updated', 'contact.identity_updated', 'conversation.created'];
const PHONE = '12025550141';

test('a customer who writes for the first time, takes another name, and a username', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: EVENTS });
  const first = inboundText(PHONE, newWamid(), 'Halo');
  // Told twice, and in one breath with another one.
  await writes(house, { name: 'Ani' }, first, inboundText(PHONE, newWamid(), 'Halo?'));
  await writes(house, { name: 'Ani' }, first);
  const [contact, conversation] = (await toldBy(hook, 2)).toSorted((a, b) => (a.type < b.type ? -1 : 1));
  expect(contact).toMatchObject({
    type: 'contact.created',
    data: {
      contact: { object: 'contact', name: 'Ani', phone_number: `+${PHONE}` },
      acquisition_source: 'inbound',
    },
  });
  expect(conversation).toMatchObject({
    type: 'conversation.created',
    data: {
      conversation: {
        object: 'conversation',
        status: 'open',
        unread_count: 2,
        window: { open: true },
        contact: { id: contact?.data.contact.id },
      },
    },
  });
  await writes(house, { name: 'Ani W' }, inboundText(PHONE, newWamid(), 'Halo'));
  expect((await toldBy(hook, 3))[2]).toMatchObject({
    type: 'contact.updated',
    data: { contact: { name: 'Ani W' }, changed_fields: ['profile_name', 'name'] },
  });
  const named = { name: 'Ani W', user_id: 'US.141', username: 'ani' };
  await writes(house, named, { ...inboundText(PHONE, newWamid(), 'Halo'), from_user_id: 'US.141' });
  expect((await toldBy(hook, 4))[3]).toMatchObject({
    type: 'contact.identity_updated',
    data: { contact: { user_id: 'US.141', username: 'ani' }, changed_fields: ['user_id', 'username'] },
  });
  // The name that people gave goes before the customer's own.
  await house.request('PATCH', `/v1/contacts/${contact?.data.contact.id}`, { name: 'Ibu Ani' });
  await toldBy(hook, 5);
  await writes(house, { ...named, name: 'Ani 🌙' }, inboundText(PHONE, newWamid(), 'Halo'));
  expect((await toldBy(hook, 6))[5]).toMatchObject({
    type: 'contact.updated',
    data: { contact: { name: 'Ibu Ani', profile_name: 'Ani 🌙' }, changed_fields: ['profile_name'] },
  });
  const moved = { body: 'moved', type: 'user_changed_number', wa_id: '12025550143' };
  const { text: _, ...system } = inboundText(PHONE, newWamid(), 'Halo');
  await writes(house, named, { ...system, type: 'system', system: moved });
  const events = await toldBy(hook, 8);
  expect(events.slice(6).find(({ type }) => type === 'contact.identity_updated')).toMatchObject({
    data: { contact: { phone_number: '+12025550143' }, changed_fields: ['phone_number'] },
  });
});

test('somebody who is written to', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: EVENTS });
  const sends = Array.from({ length: 5 }, () => house.sendText('+12025550101'));
  const [sent] = await Promise.all(sends);
  await house.sendText('+12025550101');
  const told = (await toldBy(hook, 2)).toSorted((a, b) => (a.type < b.type ? -1 : 1));
  expect(told).toMatchObject([
    {
      type: 'contact.created',
      data: { contact: { phone_number: '+12025550101', name: null }, acquisition_source: 'outbound' },
    },
    {
      type: 'conversation.created',
      data: { conversation: { id: sent?.body.data.conversation_id, unread_count: 0 } },
    },
  ]);
  await house.gateway.close();
  expect(hook.heard).toHaveLength(2);
});

test('of a customer who was not looked up for a send, no name is said', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await writes(house, { name: 'Ani' }, inboundText(PHONE, newWamid(), 'Halo'));
  await subscribe(house, { url: hook.url, events: ['message.created', 'message.sent'] });
  await house.sendText(`+${PHONE}`);
  const told = (await toldBy(hook, 2)).toSorted((a, b) => (a.type < b.type ? -1 : 1));
  expect(told.map(({ data }) => data.contact)).toEqual([
    { phone_number: `+${PHONE}` },
    { name: 'Ani', phone_number: `+${PHONE}` },
  ]);
});

test('a conversation that was resolved is told to be open again, once, whoever opened it', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['conversation.closed', 'conversation.reopened'] });
  const write = (wamid = newWamid()) => inboundText(PHONE, wamid, 'Halo');
  const [one, other, last] = [newWamid(), newWamid(), newWamid()];
  await writes(house, { name: 'Ani' }, write());
  const [{ id }] = (await house.request('GET', '/v1/conversations')).body.data;
  const set = (status: string) => house.request('PATCH', `/v1/conversations/${id}`, { status });
  await set('resolved');
  // What WhatsApp says by itself opens nothing.
  const { text: _, ...silent } = write();
  await writes(house, { name: 'Ani' }, { ...silent, type: 'system', system: { body: 'A new phone' } });
  // Told twice, and in one breath with another one.
  await writes(house, { name: 'Ani' }, write(one), write(other));
  await writes(house, { name: 'Ani' }, write(one));
  await writes(house, { name: 'Ani' }, write());
  for (const status of ['resolved', 'pending', 'open', 'resolved']) await set(status);
  await writes(house, { name: 'Ani' }, write(last));
  const kept: { id: string; message_id: string }[] = (await house.request('GET', '/v1/messages')).body.data;
  const events = await toldBy(hook, 6);
  await house.gateway.close();
  expect(hook.heard).toHaveLength(6);
  const reopened = events.filter(({ type }) => type === 'conversation.reopened');
  const told = reopened.map(({ data: { conversation, message_id } }) => ({
    id: conversation.id,
    status: conversation.status,
    by: kept.find((message) => message.id === message_id)?.message_id,
  }));
  expect(told).toHaveLength(3);
  expect(told).toContainEqual({ id, status: 'pending', by: undefined });
  expect(told).toContainEqual({ id, status: 'open', by: last });
  expect(told).toContainEqual({ id, status: 'open', by: expect.toBeOneOf([one, other]) });
});

interface Told {
  type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes is looked at field by field
  data: any;
}

async function toldBy(hook: Hook, count: number): Promise<Told[]> {
  return until(`${count} events`, async () => {
    const told: Told[] = hook.heard.map(({ body }) => JSON.parse(body));
    expect(told.length).toBeLessThanOrEqual(count);
    return told.length === count && told;
  });
}

async function writes(
  house: House,
  { name, username, ...ids }: { name: string; user_id?: string; username?: string },
  ...messages: ReturnType<typeof inboundText>[]
): Promise<void> {
  const profile = { name, ...(username === undefined ? {} : { username }) };
  const contacts = [{ wa_id: messages[0]?.['from'] ?? null, profile, ...ids }];
  const { status } = await postWebhook(
    house,
    envelope([{ contacts, messages }], { phoneNumberId: PHONE_NUMBER_ID }),
  );
  expect(status).toBe(200);
}
