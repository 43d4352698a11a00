// A subscription that collects, in Kapso's way: what one customer writes within the window comes as one body, in its order, signed whole.
import { verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { expect, test } from 'vitest';

import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Heard } from '../../support/hook.ts';
import { startHouse, until, type House } from '../../support/house.ts';
import { inboundText, messageEnvelope, postWebhook } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';

const ANI = '628111222333';
const JORG = '4917612345678';

test('within the window, by conversation; a single one is collected, too', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  const secret = await collect(house, hook.url, { seconds: 1, max: 50 });
  await write(house, [
    [ANI, 'wamid.a1'],
    [JORG, 'wamid.j1'],
    [ANI, 'wamid.a2'],
    [ANI, 'wamid.a3'],
  ]);
  await until('both conversations', async () => hook.heard.length >= 2);
  await house.gateway.close();
  expect(hook.heard.map(idsIn).toSorted((a, b) => a.length - b.length)).toEqual([
    ['wamid.j1'],
    ['wamid.a1', 'wamid.a2', 'wamid.a3'],
  ]);
  for (const one of hook.heard) expectCollected(one, secret);
});

test('a full one does not wait for its window', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  const secret = await collect(house, hook.url, { seconds: 60, max: 2 });
  await write(house, [
    [ANI, 'wamid.a1'],
    [ANI, 'wamid.a2'],
    [ANI, 'wamid.a3'],
  ]);
  await until('the first two', async () => hook.heard.length >= 1);
  await house.gateway.close();
  expect(hook.heard.map(idsIn)).toEqual([['wamid.a1', 'wamid.a2']]);
  for (const one of hook.heard) expectCollected(one, secret);
});

async function collect(house: House, url: string, buffer: { seconds: number; max: number }): Promise<string> {
  const { initialSecret } = await subscribe(house, {
    url,
    dialect: 'kapso',
    events: ['message.received'],
    buffer,
  });
  return initialSecret;
}

async function write(house: House, messages: readonly (readonly [from: string, wamid: string])[]) {
  const body = messageEnvelope(
    messages.map(([from, wamid]) => inboundText(from, wamid, `Halo dari ${wamid}`)),
  );
  expectStatus(await postWebhook(house, body), 200);
}

function expectCollected({ headers, body }: Heard, appSecret: string): void {
  const read = JSON.parse(body);
  const [first] = read.data;
  expect(read).toMatchObject({
    type: 'whatsapp.message.received',
    batch: true,
    batch_info: { size: read.data.length, conversation_id: first.conversation.id },
  });
  expect(read.batch_info.first_sequence).toBeLessThanOrEqual(read.batch_info.last_sequence);
  expect(headers).toMatchObject({
    'x-webhook-event': 'whatsapp.message.received',
    'x-webhook-batch': 'true',
    'x-batch-size': String(read.data.length),
  });
  const signatureHeader = `sha256=${String(headers['x-webhook-signature'])}`;
  expect(verifySignature({ appSecret, rawBody: body, signatureHeader })).toBe(true);
}

function idsIn({ body }: Heard): string[] {
  const { data } = JSON.parse(body);
  return data.map((one: { message: { id: string } }) => one.message.id);
}
