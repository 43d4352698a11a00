// `kurir webhooks` as typed, against a gateway.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { startHook } from '../../test/support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../../test/support/house.ts';
import { runProgram } from './program.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
});
afterAll(() => house[Symbol.asyncDispose]());

let out: string;
let errors: string;
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  vi.stubEnv('KURIR_URL', house.gateway.url);
  vi.stubEnv('KURIR_API_KEY', house.apiKey);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function webhooks(...words: string[]): Promise<{ code: number; out: string; errors: string }> {
  [out, errors] = ['', ''];
  const code = await runProgram(['webhooks', ...words]);
  return { code, out, errors };
}

async function json(...words: string[]): Promise<{ [name: string]: unknown; data: { id: string }[] }> {
  const { code, ...said } = await webhooks(...words, '--json');
  expect({ code, said: said.errors }).toEqual({ code: 0, said: '' });
  return JSON.parse(said.out);
}

test('a webhook is made, tried, paused, turned on, rotated and taken away', async () => {
  await using hook = await startHook();
  expect((await webhooks('list')).out).toContain('There are no webhooks yet: kurir webhooks create');
  const events = ['--events', 'message.received,message.status', 'webhook.test'];
  const made = await webhooks('create', '--to', hook.url, ...events, '--phone-number-id', PHONE_NUMBER_ID);
  expect(made.code).toBe(0);
  const [secret = ''] = /^whsec_\S+$/m.exec(made.out) ?? [];
  const [id = ''] = /wbs_\w{26}/.exec(made.out) ?? [];
  expect(made.out).toContain(`Next: kurir webhooks test ${id}`);
  const list = await webhooks('list');
  expect(list.out).toContain(
    `${id}  active  kirim    ${hook.url}  message.received message.status webhook.test`,
  );
  expect(list.out).not.toContain(secret);

  expect(await webhooks('test', id)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/✓ HTTP 200, \d+ ms/),
  });
  hook.answer((_request, response) => response.writeHead(404).end('no such path'));
  const failed = await webhooks('test', id);
  expect(failed).toMatchObject({ code: 6, out: expect.stringMatching(/✗ HTTP 404: no such path, \d+ ms/) });

  expect((await webhooks('pause', id)).out).toContain(`goes out with: kurir webhooks resume ${id}`);
  expect((await webhooks('resume', id)).out).toContain('is on');
  expect((await webhooks('update', id, '--events', '*', '--description', 'Shop')).out).toContain(
    'changed: events, description',
  );
  const [shown] = (await json('list')).data;
  expect(shown).toMatchObject({ id, events: ['*'], description: 'Shop', ordered: false });
  const rotated = await webhooks('rotate', id, '--overlap-hours', '48');
  expect(rotated.out).toContain('go on signing beside it until');
  expect((await webhooks('rotate', id, '--overlap-hours', '0')).out).toContain(
    'The earlier secrets have ended',
  );
  expect(rotated.out).toMatch(/^whsec_\S+\n\nKeep it/);
  expect(rotated.out).not.toContain(secret);

  hook.answer(200);
  const deliveries = (await json('deliveries', '--subscription', id, '--status', 'dead')).data;
  expect(deliveries).toHaveLength(1);
  const table = await webhooks('deliveries', '--subscription', id);
  expect(table.out).toContain('HTTP 404: no such path');
  expect(table.out).toMatch(new RegExp(`WEBHOOK.*\\n.*${id}`));
  const before = hook.heard.length;
  expect((await webhooks('replay', deliveries[0]?.id ?? '')).out).toMatch(/is sent again, as wbd_/);
  await until('it again', async () => hook.heard.length === before + 1);
  expect((await webhooks('replay', '--subscription', id)).out).toBe('0 are sent again.\n');

  expect((await webhooks('delete', id)).out).toContain(`${id} is deleted`);
  expect(await webhooks('pause', id)).toMatchObject({
    code: 4,
    errors: expect.stringContaining('resource_not_found'),
  });
});

test('what signs meanwhile is said in the words of the dialect; who was turned off is listed with the reason', async () => {
  await using hook = await startHook();
  const { id } = await json('create', '--to', hook.url, '--events', 'webhook.test', '--dialect', 'meta');
  expect((await webhooks('rotate', String(id))).out).toMatch(
    /one signature: it is the earlier secret’s until \d{4}-/,
  );
  hook.answer(410);
  expect((await webhooks('test', String(id))).code).toBe(6);
  await until('it to be turned off', async () =>
    / disabled \(.+\) +meta /.test((await webhooks('list')).out),
  );
});

test('what a receiver answers is shown as one line, and nothing of it acts on the terminal', async () => {
  await using hook = await startHook();
  hook.answer((_request, response) => {
    response.writeHead(500).end('\u001b[2J\u001b]0;mine\u0007✓ HTTP 200\r\n\u202Ekcab\u009b31m 你好');
  });
  const { id } = await json('create', '--to', hook.url, '--events', 'webhook.test');
  const said = [
    await webhooks('test', String(id)),
    await webhooks('deliveries', '--subscription', String(id)),
  ];
  for (const { out: text } of said) {
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(text).toContain(
      'HTTP 500: \\u001b[2J\\u001b]0;mine\\u0007✓ HTTP 200\\r\\n\\u202ekcab\\u009b31m 你好',
    );
    expect(text.trimEnd().split('\n')).toHaveLength(2);
  }
  const asJson = await webhooks('deliveries', '--subscription', String(id), '--json');
  expect(asJson.out.trimEnd()).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(JSON.parse(asJson.out).data[0].last_try.detail).toContain('\u202Ekcab');
});

test('what is wrong is said with the field, as text and as JSON', async () => {
  const wrong = await webhooks('create', '--to', 'http://example.com/a', '--events', '*');
  expect(wrong).toMatchObject({ code: 2, errors: expect.stringContaining('invalid_webhook_url (url)') });
  expect(wrong.errors).toContain('kurir listen --forward-to');
  const asJson = await webhooks('create', '--to', 'https://example.com', '--events', 'x', '--json');
  expect(JSON.parse(asJson.errors)).toMatchObject({
    error: { code: 'invalid_field_value', param: 'events' },
  });
  expect(await webhooks('create', '--to', 'https://example.com')).toMatchObject({ code: 2 });
  expect(await webhooks('update', 'wbs_1')).toMatchObject({ code: 2 });
  expect(await webhooks('replay')).toMatchObject({ code: 2 });
  expect(await webhooks('deliveries', '--after', 'soon')).toMatchObject({ code: 2 });
});
