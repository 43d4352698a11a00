// The main walk, through HTTP: a send is answered as Meta would, and its statuses arrive signed and in order.
import { expect, test } from 'vitest';
import { startSimulator } from './simulator.ts';
import { control, graph, NUMBER, send, sendText, wamidOf } from './testing/client.ts';
import { isSigned, startReceiver } from './testing/receiver.ts';

const AT_ONCE = { sent: 0, delivered: 0, read: 0 };

test('a text is taken; sent, delivered and read are told, signed over escaped bytes', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    statusDelaysMs: AT_ONCE,
    phones: [{ phone: '+628111111111', name: 'Sïti', autoRead: true, wroteMsAgo: 60_000 }],
  });
  await receiver.until(1);
  const answer = await send(simulator, {
    to: '+62 811-111-1111',
    text: { body: 'Halo é/@ 👋' },
    biz_opaque_callback_data: 'tök/en@x',
  });
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(
    /^\{"messaging_product":"whatsapp","contacts":\[\{"input":"\+62 811-111-1111","wa_id":"628111111111"\}\],"messages":\[\{"id":"wamid\.[A-Za-z0-9+\\/]+=*"\}\]\}$/,
  );
  await receiver.until(4);
  expect(receiver.statuses().map((one) => one['status'])).toEqual(['sent', 'delivered', 'read']);
  expect(receiver.heard.every((one) => isSigned(one))).toBe(true);
  const sent = receiver.heard[1]?.body ?? '';
  expect(sent).not.toMatch(/[^\x20-\x7e]/);
  expect(sent).toContain(String.raw`"biz_opaque_callback_data":"t\u00f6k\/en\u0040x"`);
  expect(sent).toContain(String.raw`"name":"S\u00efti"`);
  const { json } = await control(simulator, 'GET /messages?to=%2B628111111111&direction=outbound');
  expect(json).toMatchObject({ data: [{ id: wamidOf(answer), status: 'read', text: 'Halo é/@ 👋' }] });
});

test('a status webhook has Meta’s shape and key order', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    statusDelaysMs: AT_ONCE,
    windowEnforced: false,
  });
  const wamid = wamidOf(await sendText(simulator, '16505551234'));
  await receiver.until(2);
  const [sent, delivered] = receiver.heard;
  const name = '[^"]+';
  const id = wamid.replaceAll('/', String.raw`\/`);
  const contact = `"contacts":\\[\\{"profile":\\{"name":"${name}"\\},"wa_id":"16505551234","user_id":"US\\.\\d{16}"\\}\\]`;
  const status = (what: string): RegExp =>
    new RegExp(
      `^\\{"object":"whatsapp_business_account","entry":\\[\\{"id":"102290129340398","changes":\\[\\{"value":\\{` +
        `"messaging_product":"whatsapp","metadata":\\{"display_phone_number":"628511760008029","phone_number_id":"${NUMBER}"\\},` +
        `${contact},"statuses":\\[\\{"id":"${id.replaceAll(/[.+\\]/g, String.raw`\$&`)}","status":"${what}","timestamp":"\\d{10}",` +
        `"recipient_id":"16505551234","recipient_user_id":"US\\.\\d{16}",` +
        `"pricing":\\{"billable":false,"pricing_model":"PMP","category":"service","type":"free_customer_service"\\}\\}\\]\\},` +
        `"field":"messages"\\}\\]\\}\\]\\}$`,
    );
  expect(sent?.body).toMatch(status('sent'));
  expect(delivered?.body).toMatch(status('delivered'));
});

test('the answer carries Meta’s headers', async () => {
  await using simulator = await startSimulator({ windowEnforced: false });
  const { headers } = await sendText(simulator);
  expect(headers.get('content-type')).toBe('application/json; charset=UTF-8');
  expect(headers.get('facebook-api-version')).toBe('v24.0');
  expect(headers.get('x-fb-request-id')).toMatch(/^A[\w-]{22}$/);
  expect(headers.get('x-fb-trace-id')).toMatch(/^[\w-]{11}$/);
  expect(headers.get('x-business-use-case-usage')).toContain('{"102290129340398":[{"type":"whatsapp",');
  expect(headers.get('cache-control')).toBe('private, no-cache, no-store, must-revalidate');
  const old = await graph(simulator, `GET /v15.0/${NUMBER}`);
  expect(old.headers.get('x-ad-api-version-warning')).toContain('v15.0 has been deprecated');
});

test('seeded customers are told once the callback answers, and only once in the life of a ledger', async () => {
  await using receiver = await startReceiver();
  receiver.verifies = false;
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    phones: [
      {
        phone: '+628123456789',
        wroteMsAgo: 60_000,
        wroteWamid: 'wamid.HBgNNjI4MTIzNDU2Nzg5FQIAEhggMUE5MDM1QwA=',
      },
      { phone: '+628222222222' },
    ],
  });
  expect((await control(simulator, 'GET /ready')).status).toBe(503);
  expect(simulator.control.phone('628123456789').window_open).toEqual({ [NUMBER]: true });
  expect(simulator.control.phone('628222222222').window_open).toEqual({ [NUMBER]: false });
  receiver.verifies = true;
  await receiver.until(1);
  expect(receiver.messages()).toMatchObject([
    { from: '628123456789', id: 'wamid.HBgNNjI4MTIzNDU2Nzg5FQIAEhggMUE5MDM1QwA=', type: 'text' },
  ]);
  expect((await control(simulator, 'GET /ready')).json).toMatchObject({ status: 'ready' });
});
