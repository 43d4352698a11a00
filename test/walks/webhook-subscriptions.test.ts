// Webhook subscriptions by the API: made, shown, changed, paused, taken away; secrets that overlap; what is not accepted.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/kernel/clock.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHook, type Heard } from '../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';

const HOUR_MS = 3_600_000;
const PATH = '/v1/webhook_subscriptions';

let shiftMs = 0;
let house: House;
beforeAll(async () => {
  house = await startHouse({
    config: { webhookAllow: '127.0.0.0/8' },
    clock: { ...systemClock, now: () => systemClock.now() + shiftMs },
  });
});
afterAll(() => house[Symbol.asyncDispose]());

async function subscribe(body: object): Promise<Reply['body']['data']> {
  const made = await house.request('POST', PATH, { events: ['webhook.test'], ...body });
  expectStatus(made, 201);
  return made.body.data;
}

// As the contract says: one `v1` for each secret in force, over `<t>.<body>` with the whole secret.
function signs({ headers, body }: Heard, secret: string): boolean {
  const [t = '', ...signatures] = String(headers['x-kirim-signature']).split(',');
  const expected = createHmac('sha256', secret)
    .update(`${t.slice(2)}.${body}`)
    .digest('hex');
  return signatures.includes(`v1=${expected}`);
}

test('one is made, shown without its secret, changed, listed and taken away', async () => {
  await using hook = await startHook();
  const made = await subscribe({
    url: hook.url,
    events: ['message.received', 'meta.*', 'message.received'],
    description: 'Shop',
    phone_number_ids: [PHONE_NUMBER_ID],
    dialect: 'kapso',
    buffer: { seconds: 5 },
  });
  const { initial_secret: secret, ...shown } = made;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(shown).toEqual({
    id: expect.stringMatching(/^wbs_[0-9A-HJKMNP-TV-Z]{26}$/),
    object: 'webhook_subscription',
    url: hook.url,
    dialect: 'kapso',
    status: 'active',
    status_reason: null,
    status_since: expect.any(String),
    events: ['message.received', 'meta.*'],
    phone_number_ids: [PHONE_NUMBER_ID],
    description: 'Shop',
    ordered: false,
    buffer: { seconds: 5, max: 50 },
    secrets: [{ id: expect.stringMatching(/^sec_/), created_at: expect.any(String), expires_at: null }],
    dead_in_a_row: 0,
    last_success_at: null,
    last_failure_at: null,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
  const path = `${PATH}/${made.id}`;
  expect((await house.request('GET', path)).body.data).toEqual(shown);
  const changed = await house.request('PATCH', path, {
    buffer: null,
    dialect: 'standard',
    description: null,
    ordered: true,
    phone_number_ids: null,
    events: ['*'],
  });
  expect(changed.body.data).toMatchObject({
    url: hook.url,
    dialect: 'standard',
    description: null,
    ordered: true,
    buffer: null,
    phone_number_ids: null,
    events: ['*'],
  });
  const list = await house.request('GET', PATH);
  expect(list.body).toMatchObject({ has_more: false, next_cursor: null });
  expect(list.body.data).toContainEqual(changed.body.data);
  expect(list.text).not.toContain('whsec_');
  expectStatus(await house.request('DELETE', path), 200);
  for (const method of ['GET', 'DELETE'])
    expectKirimError(await house.request(method, path), 'resource_not_found');
  expectKirimError(await house.request('PATCH', path, { ordered: true }), 'resource_not_found');
});

test('a test event comes at once, signed, in each dialect', async () => {
  await using hook = await startHook();
  for (const dialect of ['kirim', 'kapso', 'meta', 'standard']) {
    const before = hook.heard.length;
    const { id, initial_secret: secret } = await subscribe({ url: hook.url, dialect });
    const asked = await house.request('POST', `${PATH}/${id}/test`);
    expect(asked.body.data).toMatchObject({ object: 'event', type: 'webhook.test', subscription_id: id });
    const told = await until(`the test event in ${dialect}`, async () => hook.heard[before]);
    expect(told.headers['content-type']).toBe('application/json');
    if (dialect === 'kirim') expect(signs(told, secret)).toBe(true);
    await house.request('DELETE', `${PATH}/${id}`);
  }
});

test('all events of a kind are named by its group, and no others come', async () => {
  await using hook = await startHook();
  const { id } = await subscribe({ url: hook.url, events: ['contact.*', 'conversation.*'] });
  const whole = await subscribe({ url: hook.url, events: ['message.*'], dialect: 'standard' });
  await house.sendText('+12025550161');
  await until('all of them', async () => {
    const types = hook.heard.map((one) => `${JSON.parse(one.body).type}`);
    return ['message.created', 'message.sent', 'conversation.created', 'contact.created'].every((type) =>
      types.includes(type),
    );
  });
  const told = await house.request('GET', `/v1/webhook_deliveries?subscription_id=${id}`);
  const types = told.body.data.map((one: { event_type: string }) => one.event_type);
  expect(types.toSorted()).toEqual(['contact.created', 'conversation.created']);
  const buffered = { url: hook.url, events: ['message.*'], dialect: 'kapso', buffer: { seconds: 1 } };
  const collects = await subscribe(buffered);
  for (const one of [id, whole.id, collects.id]) await house.request('DELETE', `${PATH}/${one}`);
});

test('an event that there is not is refused with those that there are', async () => {
  const url = 'https://hooks.example.com/a';
  for (const event of ['message.recieved', 'webhook.*', 'messages', '.*', 'meta.Feld']) {
    const refused = await house.request('POST', PATH, { url, events: [event] });
    const { message } = expectKirimError(refused, 'invalid_field_value', 'events');
    expect(message).toContain(JSON.stringify(event));
    for (const known of ['message.received', 'contact.updated', 'conversation.*', 'meta.<field'])
      expect(message).toContain(known);
  }
});

test('while a secret is replaced the old and the new one sign; after that only the new one', async () => {
  await using hook = await startHook();
  const { id, initial_secret: old } = await subscribe({ url: hook.url });
  const said = async (): Promise<Heard> => {
    const before = hook.heard.length;
    await house.request('POST', `${PATH}/${id}/test`);
    return until('a test event', async () => hook.heard[before]);
  };
  const rotated = await house.request('POST', `${PATH}/${id}/secrets`, { expires_in_hours: 2 });
  expectStatus(rotated, 201);
  const { secret: young } = rotated.body.data;
  const during = await said();
  expect([signs(during, old), signs(during, young)]).toEqual([true, true]);
  const { secrets } = (await house.request('GET', `${PATH}/${id}`)).body.data;
  expect(secrets.map((one: { expires_at: string | null }) => one.expires_at)).toEqual([
    null,
    rotated.body.data.earlier_expire_at,
  ]);
  // The one that stays may not be taken away while the other is to expire.
  expectKirimError(
    await house.request('DELETE', `${PATH}/${id}/secrets/${rotated.body.data.id}`),
    'invalid_request',
  );
  shiftMs += 2 * HOUR_MS + 1_000;
  const after = await said();
  expect([signs(after, old), signs(after, young)]).toEqual([false, true]);
  const [left, ...others] = (await house.request('GET', `${PATH}/${id}`)).body.data.secrets;
  expect([left.id, others]).toEqual([rotated.body.data.id, []]);
});

test('without hours a day; with none the earlier secret ends at once; one that is taken away signs no more', async () => {
  await using hook = await startHook();
  const { id, secrets } = await subscribe({ url: hook.url });
  const path = `${PATH}/${id}/secrets`;
  const { created_at: from, earlier_expire_at: to } = (await house.request('POST', path)).body.data;
  expect(Date.parse(to) - Date.parse(from)).toBe(24 * HOUR_MS);
  expectStatus(await house.request('DELETE', `${path}/${secrets[0].id}`), 200);
  expectKirimError(await house.request('DELETE', `${path}/${secrets[0].id}`), 'resource_not_found');
  await house.request('POST', path, { expires_in_hours: 0 });
  expect((await house.request('GET', `${PATH}/${id}`)).body.data.secrets).toHaveLength(1);
});

test('what happens while it is paused goes out when it is turned on again', async () => {
  await using hook = await startHook();
  const { id } = await subscribe({ url: hook.url, events: ['message.created'] });
  await house.request('PATCH', `${PATH}/${id}`, { status: 'paused' });
  const sent = await Promise.all([1, 2, 3].map((i) => house.sendText(`+1202555015${i}`)));
  const kept = await house.request('GET', `/v1/webhook_deliveries?subscription_id=${id}`);
  expect(kept.body.data.map((one: { status: string }) => one.status)).toEqual([
    'pending',
    'pending',
    'pending',
  ]);
  expect(hook.heard).toEqual([]);
  const on = await house.request('PATCH', `${PATH}/${id}`, { status: 'active' });
  expect(on.body.data).toMatchObject({ status: 'active' });
  await until('what was kept', async () => hook.heard.length >= 3);
  const told = new Set(hook.heard.map((one) => JSON.parse(one.body).data.message.id));
  expect(told).toEqual(new Set(sent.map((one) => one.body.data.id)));
});

test('one that Kurir turned off is turned on by a change of its status', async () => {
  await using hook = await startHook();
  const { id } = await subscribe({ url: hook.url });
  hook.answer(410);
  await house.request('POST', `${PATH}/${id}/test`);
  const off = await until('the end of it', async () => {
    const { data } = (await house.request('GET', `${PATH}/${id}`)).body;
    return data.status === 'disabled' && data;
  });
  expect(off.status_reason).toContain('410');
  expect(off).toMatchObject({ dead_in_a_row: 1, last_failure_at: expect.any(String) });
  const on = await house.request('PATCH', `${PATH}/${id}`, { status: 'active' });
  expect(on.body.data).toMatchObject({ status: 'active', status_reason: null, dead_in_a_row: 0 });
});

describe('is refused, with the field', () => {
  const URL = 'https://hooks.example.com/a';
  const good = { url: URL, events: ['*'] };
  test.each<[object, Parameters<typeof expectKirimError>[1], string]>([
    [{ events: ['*'] }, 'missing_required_field', 'url'],
    [{ url: URL }, 'missing_required_field', 'events'],
    [{ ...good, url: 5 }, 'invalid_field_value', 'url'],
    [{ ...good, url: '' }, 'invalid_field_value', 'url'],
    [{ ...good, url: 'ftp://hooks.example.com' }, 'invalid_webhook_url', 'url'],
    [{ ...good, url: 'http://hooks.example.com' }, 'invalid_webhook_url', 'url'],
    [{ ...good, url: 'https://10.0.0.7/a' }, 'invalid_webhook_url', 'url'],
    [{ ...good, events: [] }, 'invalid_field_value', 'events'],
    [{ ...good, events: ['message.recieved'] }, 'invalid_field_value', 'events'],
    [{ ...good, events: ['*', 7] }, 'invalid_field_value', 'events[1]'],
    [{ ...good, dialect: 'soap' }, 'invalid_field_value', 'dialect'],
    [{ ...good, secret: 'mine' }, 'invalid_field_value', 'secret'],
    [{ ...good, status: 'paused' }, 'invalid_field_value', 'status'],
    [{ ...good, ordered: 'yes' }, 'invalid_field_value', 'ordered'],
    [{ ...good, description: 'x'.repeat(501) }, 'invalid_field_value', 'description'],
    [{ ...good, phone_number_ids: [] }, 'invalid_field_value', 'phone_number_ids'],
    [{ ...good, phone_number_ids: [PHONE_NUMBER_ID, '99'] }, 'resource_not_found', 'phone_number_ids[1]'],
    [{ ...good, buffer: { seconds: 5 } }, 'invalid_field_value', 'buffer'],
    [{ ...good, dialect: 'kapso', buffer: { seconds: 61 } }, 'invalid_field_value', 'buffer.seconds'],
    [{ ...good, dialect: 'kapso', buffer: { max: 5 } }, 'missing_required_field', 'buffer.seconds'],
    [{ ...good, dialect: 'kapso', buffer: { seconds: 1, x: 1 } }, 'invalid_field_value', 'buffer.x'],
    [
      { ...good, dialect: 'kapso', events: ['message.status'], buffer: { seconds: 5 } },
      'invalid_field_value',
      'buffer',
    ],
    [{ ...good, url: null, dialect: 'kapso', buffer: { seconds: 5 } }, 'invalid_field_value', 'buffer'],
    [{ ...good, url: null, ordered: true }, 'invalid_field_value', 'ordered'],
  ])('%j', async (body, code, param) => {
    expectKirimError(await house.request('POST', PATH, body), code, param);
  });

  test('a change that would collect what cannot be', async () => {
    const { id } = await subscribe({
      url: 'https://hooks.example.com/a',
      dialect: 'kapso',
      events: ['*'],
      buffer: { seconds: 5 },
    });
    for (const change of [{ dialect: 'kirim' }, { events: ['message.status'] }])
      expectKirimError(
        await house.request('PATCH', `${PATH}/${id}`, change),
        'invalid_field_value',
        'buffer',
      );
    for (const [change, param] of [
      [{ status: 'disabled' }, 'status'],
      [{ url: null }, 'url'],
      [{ secrets: [] }, 'secrets'],
    ] as const)
      expectKirimError(await house.request('PATCH', `${PATH}/${id}`, change), 'invalid_field_value', param);
  });

  test.each([{ expires_in_hours: -1 }, { expires_in_hours: 721 }, { expires_in_hours: 1.5 }])(
    'a rotation with %j',
    async (body) => {
      const { id } = await subscribe({ url: 'https://hooks.example.com/a' });
      const refused = await house.request('POST', `${PATH}/${id}/secrets`, body);
      expectKirimError(refused, 'invalid_field_value', 'expires_in_hours');
    },
  );
});

test('an organisation may have a hundred', async () => {
  const { apiKey } = await house.addOrganisation('Many');
  const key = { authorization: `Bearer ${apiKey}` };
  const body = { url: 'https://hooks.example.com/a', events: ['*'] };
  const all = await Promise.all(Array.from({ length: 103 }, () => house.request('POST', PATH, body, key)));
  expect(all.filter((one) => one.status === 201)).toHaveLength(100);
  for (const one of all.filter((reply) => reply.status !== 201)) expectKirimError(one, 'invalid_request');
});
