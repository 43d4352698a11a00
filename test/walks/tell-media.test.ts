// What a customer sends is told again when its bytes are here, or never will be: once, however often it was tried.
import { expect, test } from 'vitest';

import { envelopeOf } from '../../src/meta/webhook-envelope.ts';
import { startHook, type Hook } from '../support/hook.ts';
import { BUSINESS_PHONE, PHONE_NUMBER_ID, startHouse, until, WABA_ID, type House } from '../support/house.ts';
import { startMediaAtMeta, type KeptThere } from '../support/media-at-meta.ts';
import { newWamid } from '../support/meta-webhook.ts';
import { envelope, postWebhook } from '../support/signed-webhooks.ts';
import { subscribe } from '../support/subscribe.ts';

const CUSTOMER = '12025550101';
const SENT_AT = String(Math.floor(Date.now() / 1_000));
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('that a file is here, with an address that works, after tries that failed or were taken over', async () => {
  await using meta = await startMediaAtMeta();
  await using house = await startHouse({ config: { graphUrl: meta.url, webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['message.media'] });
  const kept = meta.add(PNG, { faults: ['broken', 'held'] });
  const wamid = newWamid();
  await receive(house, kept, wamid);
  await until('the first try to fail', async () => {
    await hurry(house, 'failure is not null');
    return kept.downloads === 2;
  });
  // The second hangs, and its lease has run out.
  await hurry(house, 'fetch_at is not null');
  const [told] = await toldBy(hook);
  meta.letGo();
  await receive(house, kept, wamid);
  await house.gateway.tick();
  const [message] = (await house.request('GET', `/v1/messages?message_id=${wamid}`)).body.data;
  expect(told).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    type: 'message.media',
    data: {
      message: {
        id: message.id,
        object: 'message',
        type: 'image',
        message_id: wamid,
        conversation_id: message.conversation_id,
        phone_number_id: message.phone_number_id,
      },
      contact: { name: 'Budi', phone_number: `+${CUSTOMER}` },
      media: { status: 'ready', mime_type: 'image/png', size: PNG.length },
    },
  });
  const response = await fetch(told?.data.media.url);
  expect(Buffer.from(await response.arrayBuffer()).equals(PNG)).toBe(true);
  await house.gateway.close();
  expect(kept.tries).toBe(3);
  expect(hook.heard).toHaveLength(1);
});

test('that a file will never be here, and why; in the words of Standard Webhooks, too', async () => {
  await using meta = await startMediaAtMeta();
  await using house = await startHouse({
    config: { graphUrl: meta.url, webhookAllow: '127.0.0.0/8', mediaMaxMb: 1 },
  });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['message.media'], dialect: 'standard' });
  await receive(house, meta.add(Buffer.alloc(1_000_001)), newWamid());
  const [told] = await toldBy(hook);
  expect(told).toMatchObject({
    type: 'message.media',
    data: {
      message: { object: 'message', type: 'image' },
      media: { status: 'failed', url: null, reason: 'it is larger than the 1 MB that are kept' },
    },
  });
});

test('nothing of what the business wrote with the phone app, though its file is kept', async () => {
  await using meta = await startMediaAtMeta();
  await using house = await startHouse({ config: { graphUrl: meta.url, webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await subscribe(house, { url: hook.url, events: ['message.media'] });
  const id = newWamid();
  const image = meta.add(PNG).told;
  const echo = { from: BUSINESS_PHONE, to: CUSTOMER, id, timestamp: SENT_AT, type: 'image', image };
  const metadata = { display_phone_number: BUSINESS_PHONE, phone_number_id: PHONE_NUMBER_ID };
  const value = { messaging_product: 'whatsapp', metadata, message_echoes: [echo] };
  const body = envelopeOf({ wabaId: WABA_ID, field: 'smb_message_echoes', value });
  expect((await postWebhook(house, body)).status).toBe(200);
  await until('its file', async () => {
    const [message] = (await house.request('GET', `/v1/messages?message_id=${id}`)).body.data;
    return message?.media_status === 'ready';
  });
  await house.gateway.close();
  expect(hook.heard).toEqual([]);
});

interface Told {
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes is looked at field by field
  data: any;
}

function toldBy(hook: Hook): Promise<Told[]> {
  return until('what is told', async () => {
    const told: Told[] = hook.heard.map(({ body }) => JSON.parse(body));
    return told.length > 0 && told;
  });
}

async function receive(house: House, kept: KeptThere, wamid: string): Promise<void> {
  const message = { from: CUSTOMER, id: wamid, timestamp: SENT_AT, type: 'image', image: kept.told };
  const contacts = [{ wa_id: CUSTOMER, profile: { name: 'Budi' } }];
  expect((await postWebhook(house, envelope([{ contacts, messages: [message] }]))).status).toBe(200);
}

/** Makes the next try due. */
async function hurry(house: House, which: string): Promise<void> {
  await house.ctx.db.query(
    `update media set fetch_at = database_now() where fetch_at is not null and ${which}`,
  );
  await house.gateway.tick();
}
