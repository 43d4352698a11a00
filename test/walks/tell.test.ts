import { expect, test } from 'vitest';
import { startHouse, until } from '../support/house.ts';
import { startHook } from '../support/hook.ts';

test('the statuses of a message are told', async () => {
  await using house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  await using hook = await startHook();
  await house.gateway.webhooks.create({
    organisationId: house.organisationId as never,
    url: hook.url,
    dialect: 'kirim',
    events: ['*'],
    phoneNumberIds: null,
    description: null,
    ordered: false,
    buffer: null,
  });
  const sent = await house.sendText('+6281234567890');
  expect(sent.status).toBe(200);
  await until('x', async () => hook.heard.length >= 2);
  await new Promise((r) => setTimeout(r, 1500));
  console.log(hook.heard.map((one) => one.headers['x-kirim-event'] + one.body));
});
