// Any field with any value: the bytes it is told in, and who hears of it.
import { expect, test } from 'vitest';
import { control, errorOf, graph, NUMBER, WABA } from '../testing/client.ts';
import { envelope, startInboundHouse, type InboundHouse } from '../testing/inbound-house.ts';
import { isSigned, startReceiver } from '../testing/receiver.ts';
import type { FieldAsked } from './fields.ts';

async function bytesOf({ simulator, receiver }: InboundHouse, asked: FieldAsked): Promise<string> {
  const before = receiver.heard.length;
  expect((await control(simulator, 'POST /fields', asked)).json).toMatchObject({ told: true });
  await receiver.until(before + 1);
  const heard = receiver.heard.at(-1);
  expect(heard && isSigned(heard)).toBe(true);
  return heard?.body ?? '';
}

test('fields about a number carry its metadata: echoes, history, contacts, account-level errors', async () => {
  await using house = await startInboundHouse();
  const echo = {
    from: '628511760008029',
    to: '628111111111',
    id: 'wamid.E',
    timestamp: '1795161600',
    type: 'text',
    text: { body: 'Dari HP' },
  };
  const echoes = await bytesOf(house, { field: 'smb_message_echoes', value: { message_echoes: [echo] } });
  expect(echoes).toBe(
    envelope(
      '"message_echoes":[{"from":"628511760008029","to":"628111111111","id":"wamid.E","timestamp":"1795161600","type":"text","text":{"body":"Dari HP"}}]',
    ).replace('"field":"messages"', '"field":"smb_message_echoes"'),
  );
  const history = [
    {
      metadata: { phase: 0, chunk_order: 1, progress: 55 },
      threads: [{ id: '628111111111', messages: [{ ...echo, history_context: { status: 'READ' } }] }],
    },
  ];
  expect(await bytesOf(house, { field: 'history', value: { history } })).toContain(
    '"phone_number_id":"106540352242922"},"history":[{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"628111111111","messages":[{"from":"628511760008029",',
  );
  const errors = [{ code: 130_429, title: 'Rate limit hit' }];
  expect(await bytesOf(house, { field: 'messages', value: { errors } })).toBe(
    envelope('"errors":[{"code":130429,"title":"Rate limit hit"}]'),
  );
});

test('fields about an account carry none, but the time of their entry; so do fields nobody knows', async () => {
  await using house = await startInboundHouse();
  expect(
    await bytesOf(house, {
      field: 'account_update',
      value: { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } },
    }),
  ).toBe(
    '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","time":1795161600,"changes":[{"value":{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE"}},"field":"account_update"}]}]}',
  );
  expect(await bytesOf(house, { field: 'weather', value: {}, entry_id: '77' })).toBe(
    '{"object":"whatsapp_business_account","entry":[{"id":"77","time":1795161600,"changes":[{"value":{},"field":"weather"}]}]}',
  );
});

test('of another number and its account; unknown ones are refused', async () => {
  await using house = await startInboundHouse();
  house.simulator.control.putNumber('200000000000001', {
    display_phone_number: '+15550100000',
    waba_id: '300000000000001',
  });
  const number = '200000000000001';
  expect(await bytesOf(house, { field: 'security', value: {}, number })).toContain(
    '"entry":[{"id":"300000000000001","time":',
  );
  expect(await bytesOf(house, { field: 'calls', value: {}, number })).toContain(
    '"entry":[{"id":"300000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100000","phone_number_id":"200000000000001"}},"field":"calls"}]}]',
  );
  const refused = await control(house.simulator, 'POST /fields', { field: 'calls', value: {}, number: '1' });
  expect([refused.status, errorOf(refused)['param']]).toEqual([404, 'number']);
  const shapeless = await control(house.simulator, 'POST /fields', { field: 'calls', value: [] });
  expect([shapeless.status, errorOf(shapeless)['param']]).toEqual([400, 'value']);
});

test('a callback of the account’s own hears of its numbers only, and nobody of an account that is not subscribed', async () => {
  await using own = await startReceiver('mine');
  await using house = await startInboundHouse();
  const { simulator, receiver } = house;
  const path = `/v24.0/${WABA}/subscribed_apps`;
  const override = { override_callback_uri: own.url, verify_token: 'mine' };
  expect((await graph(simulator, `POST ${path}`, { body: override })).status).toBe(200);
  simulator.control.tellField({ field: 'calls', value: {}, number: NUMBER });
  simulator.control.tellField({ field: 'account_alerts', value: {} });
  await simulator.control.settled();
  expect([own, receiver].map(({ heard }) => heard.map(({ body }) => body.includes('"calls"')))).toEqual([
    [true],
    [false],
  ]);
  await graph(simulator, `DELETE ${path}`);
  expect(simulator.control.tellField({ field: 'account_alerts', value: {} })).toMatchObject({ told: false });
});
