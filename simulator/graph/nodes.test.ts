// Numbers, accounts, subscriptions and tokens: what an application asks the Graph for besides sending.
import { expect, test } from 'vitest';
import { startSimulator } from '../simulator.ts';
import { errorOf, graph, NUMBER, send, sendText, TOKEN, WABA, wamidOf } from '../testing/client.ts';
import { startReceiver } from '../testing/receiver.ts';

test('a number shows what is asked for, in that order, and its id', async () => {
  await using simulator = await startSimulator();
  const { text } = await graph(
    simulator,
    `GET /v24.0/${NUMBER}?fields=display_phone_number,verified_name,quality_rating`,
  );
  expect(text).toBe(
    `{"display_phone_number":"+628511760008029","verified_name":"Kopi Senja","quality_rating":"GREEN","id":"${NUMBER}"}`,
  );
  const { json } = await graph(simulator, `GET /v24.0/${NUMBER}`);
  expect(json).toMatchObject({ platform_type: 'CLOUD_API', throughput: { level: 'STANDARD' }, id: NUMBER });
  const list = await graph(
    simulator,
    `GET /v24.0/${WABA}/phone_numbers?fields=id,health_status{can_send_message}`,
  );
  expect(list.json).toMatchObject({
    data: [{ id: NUMBER, health_status: { can_send_message: 'AVAILABLE' } }],
  });
  const wrong = await graph(simulator, `GET /v24.0/${NUMBER}?fields=mood`);
  expect(errorOf(wrong)['message']).toBe(
    '(#100) Tried accessing nonexisting field (mood) on node type (WhatsAppBusinessPhoneNumber)',
  );
});

test('an edge nobody has is an unsupported request, and a header says what is missing', async () => {
  await using simulator = await startSimulator();
  const answer = await graph(simulator, `GET /v24.0/${NUMBER}/nonsense`);
  expect(errorOf(answer)).toMatchObject({ type: 'GraphMethodException', error_subcode: 33 });
  expect(answer.headers.get('x-sim-note')).toContain('GET /nonsense');
});

test('a number that is deregistered sends no more until it is registered', async () => {
  await using simulator = await startSimulator({ windowEnforced: false });
  await graph(simulator, `POST /v24.0/${NUMBER}/deregister`, { body: {} });
  expect(errorOf(await sendText(simulator))).toMatchObject({
    code: 133010,
    message: '(#133010) Account not registered',
  });
  const wrong = await graph(simulator, `POST /v24.0/${NUMBER}/register`, {
    body: { messaging_product: 'whatsapp', pin: '12' },
  });
  expect(errorOf(wrong)).toMatchObject({ message: '(#100) Param pin must be 6 characters long.' });
  const form = await graph(simulator, `POST /v24.0/${NUMBER}/register`, {
    body: 'messaging_product=whatsapp&pin=123456',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(form.text).toBe('{"success":true}');
  expect((await sendText(simulator)).status).toBe(200);
});

test('webhooks follow the subscription: number before account before app; none when unsubscribed', async () => {
  await using app = await startReceiver();
  await using account = await startReceiver('of the account');
  await using own = await startReceiver('of the number');
  await using simulator = await startSimulator({ callbackUrl: app.url });
  const write = async (): Promise<void> => {
    simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
    await simulator.control.settled();
  };
  await write();
  expect(app.heard).toHaveLength(1);
  const subscribed = await graph(simulator, `POST /v24.0/${WABA}/subscribed_apps`, {
    body: { override_callback_uri: account.url, verify_token: 'of the account' },
  });
  expect(subscribed.text).toBe('{"success":true}');
  await write();
  const configured = await graph(simulator, `POST /v24.0/${NUMBER}`, {
    body: { webhook_configuration: { override_callback_uri: own.url, verify_token: 'of the number' } },
  });
  expect(configured.text).toBe('{"success":true}');
  await write();
  expect([app.heard.length, account.heard.length, own.heard.length]).toEqual([1, 1, 1]);
  const apps = await graph(simulator, `GET /v24.0/${WABA}/subscribed_apps`);
  expect(apps.json).toMatchObject({
    data: [{ whatsapp_business_api_data: { id: '670843887433847' }, override_callback_uri: account.url }],
  });
  await graph(simulator, `DELETE /v24.0/${WABA}/subscribed_apps`);
  expect((await graph(simulator, `GET /v24.0/${WABA}/subscribed_apps`)).text).toBe('{"data":[]}');
  await write();
  expect(own.heard).toHaveLength(1);
});

test('a callback that does not prove itself is not taken', async () => {
  await using receiver = await startReceiver('another');
  await using simulator = await startSimulator();
  const wrong = await graph(simulator, `POST /v24.0/${WABA}/subscribed_apps`, {
    body: { override_callback_uri: receiver.url, verify_token: 'mine' },
  });
  expect(errorOf(wrong)).toMatchObject({
    code: 2200,
    message:
      '(#2200) Callback verification failed with the following errors: HTTP Status Code = 404; HTTP Message = Not Found',
  });
  const appToken = '670843887433847|simulated-app-secret';
  const body = {
    object: 'whatsapp_business_account',
    callback_url: receiver.url,
    verify_token: 'another',
    fields: 'messages',
  };
  expect(
    (await graph(simulator, 'POST /v24.0/670843887433847/subscriptions', { body, token: appToken })).text,
  ).toBe('{"success":true}');
  expect(
    (await graph(simulator, 'GET /v24.0/670843887433847/subscriptions', { token: appToken })).json,
  ).toMatchObject({
    data: [{ callback_url: receiver.url, active: true }],
  });
  expect(errorOf(await send(simulator, { text: { body: 'x' } }, { token: appToken }))).toMatchObject({
    code: 10,
  });
});

test('debug_token tells of good and bad tokens', async () => {
  await using simulator = await startSimulator();
  const good = await graph(simulator, `GET /v24.0/debug_token?input_token=${TOKEN}`);
  expect(good.json).toMatchObject({
    data: {
      is_valid: true,
      app_id: '670843887433847',
      granular_scopes: [
        { scope: 'whatsapp_business_management', target_ids: [WABA] },
        { scope: 'whatsapp_business_messaging' },
      ],
    },
  });
  const bad = await graph(simulator, 'GET /v24.0/debug_token?input_token=EAAother');
  expect(bad.json).toMatchObject({ data: { is_valid: false, error: { code: 190 } } });
});

test('message_history tells what became of a message and of its webhooks', async () => {
  await using receiver = await startReceiver();
  receiver.answers = [200, 500];
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    webhookRetryMs: [],
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
  const wamid = wamidOf(await sendText(simulator));
  await simulator.control.settled();
  const query = new URLSearchParams({
    message_id: wamid,
    fields: 'id,message_id,events{delivery_status,webhook_update_state}',
  });
  const { json } = await graph(simulator, `GET /v24.0/${NUMBER}/message_history?${query.toString()}`);
  expect(json).toMatchObject({
    data: [
      {
        message_id: wamid,
        events: {
          data: [
            {
              delivery_status: 'SENT',
              webhook_update_state: 'DELIVERED',
              application: { id: '670843887433847' },
            },
            { delivery_status: 'DELIVERED', webhook_update_state: 'FAILED' },
          ],
        },
      },
    ],
  });
  const short = await graph(simulator, `GET /v24.0/${NUMBER}/message_history`);
  expect(short.text).toMatch(
    /^\{"data":\[\{"id":"\d{16}","message_id":"wamid\.[^"]+"\}\],"paging":\{"cursors":/,
  );
});

test('receipts: for what a customer wrote, with typing, within 30 days', async () => {
  await using simulator = await startSimulator({ windowEnforced: false });
  const { id: wamid } = simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
  const receipt = (message_id: string, more = {}): ReturnType<typeof graph> =>
    graph(simulator, `POST /v24.0/${NUMBER}/messages`, {
      body: { messaging_product: 'whatsapp', status: 'read', message_id, ...more },
    });
  const answer = await receipt(wamid, { typing_indicator: { type: 'text' } });
  expect(answer.text).toBe('{"success":true}');
  expect(simulator.control.messages({ id: wamid })).toMatchObject([{ status: 'read' }]);
  expect(simulator.control.phone('628111111111').sees_typing).toBe(true);
  const own = wamidOf(await sendText(simulator));
  expect(simulator.control.phone('628111111111').sees_typing).toBe(false);
  expect(errorOf(await receipt('wamid.nonsense'))).toEqual({
    message: '(#100) Invalid parameter',
    type: 'OAuthException',
    code: 100,
    error_data: { messaging_product: 'whatsapp', details: 'Please check the message ID you have provided.' },
  });
  expect(errorOf(await receipt(own))).toMatchObject({
    code: 100,
    error_data: {
      details: `Message supplied to mark message as read API with message ID: ${own} is outgoing. Please use an incoming message ID.`,
    },
  });
  expect(errorOf(await receipt(wamid, { typing_indicator: { type: 'voice' } }))).toMatchObject({ code: 100 });
  await simulator.control.advance({ by: '30d' });
  expect(errorOf(await receipt(wamid))).toMatchObject({ code: 131009 });
});
