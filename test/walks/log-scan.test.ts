// Nothing secret or personal is in the log (promise 9): a gateway in a process of its own does everything it can, and everything
// goes wrong that can; what it wrote is then searched for every secret, phone number, text and wamid of the run.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  APP_SECRET,
  BUSINESS_PHONE,
  GRAPH_TOKEN,
  PHONE_NUMBER_ID,
  until,
  VERIFY_TOKEN,
  WABA_ID,
} from '../support/house.ts';
import { startProcessHouse, type ProcessHouse } from '../support/process-house.ts';
import { exchange, requestText } from '../support/raw-http.ts';
import {
  envelope,
  inboundText,
  messageEnvelope,
  signedHeaders,
  statusEnvelope,
} from '../support/signed-webhooks.ts';

const SECRET = 'canary-kurir-secret-0123456789abcdef';
const TEXT = 'canary-text-of-a-message';
const CUSTOMERS = [
  '12025550120',
  '12025550121',
  '12025550104',
  '12025550106',
  '12025550117',
  '12025550110',
] as const;
const [ALICE, BUDI, UNKNOWN_THERE, CLOSED, FAILS_ONCE, TOO_FAST] = CUSTOMERS;
const OTHER_NUMBER_ID = '206540352242923';
const OTHER_PHONE = '628511760008030';
const WRONG_TOKEN = 'EAAcanaryWrongToken0000000000';
const WRONG_KEY = 'kur_live_canaryCanaryCanaryCanaryCanaryCanary';

describe.each([
  ['the default level', {}],
  ['debug', { LOG_LEVEL: 'debug' }],
])('at %s', (_level, env: Record<string, string>) => {
  let house: ProcessHouse;
  let said: string;
  const wamids: string[] = [];
  const answers: number[] = [];
  const commands: string[] = [];

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const response = await fetch(house.url + path, {
      method,
      headers: { authorization: `Bearer ${house.apiKey}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    answers.push(response.status);
    const text = await response.text();
    for (const [wamid] of text.matchAll(/wamid\.[\w=+/-]+/g)) wamids.push(wamid);
    return new Response(text, { status: response.status });
  }

  const send = (to: string, content: object, path = `/v1/${PHONE_NUMBER_ID}/messages`): Promise<Response> =>
    call('POST', path, { messaging_product: 'whatsapp', to: `+${to}`, ...content });
  const text = (body = TEXT): object => ({ type: 'text', text: { body } });

  async function webhook(body: object | string, secret = APP_SECRET): Promise<void> {
    const bytes = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${house.url}/webhooks/meta`, {
      method: 'POST',
      headers: signedHeaders(Buffer.from(bytes), secret),
      body: bytes,
    });
    answers.push(response.status);
    await response.text();
  }

  async function fault(effect: object, match: object): Promise<void> {
    const response = await fetch(`${house.simulatorUrl}/_sim/v1/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ effect, match, times: 1 }),
    });
    expect(await response.text()).not.toContain('"error"');
  }

  async function command(args: readonly string[], stdin?: string): Promise<void> {
    const { stdout, stderr } = await house.kurir(args, stdin);
    commands.push(stdout, stderr);
  }

  async function sendAllSorts(): Promise<void> {
    await send(ALICE, text());
    await send(ALICE, { type: 'image', image: { link: 'https://files.example.com/a.jpg', caption: TEXT } });
    await send(BUDI, { type: 'template', template: { name: 'greeting', language: { code: 'id' } } });
    const buttons = [{ type: 'reply', reply: { id: TEXT, title: 'Ya' } }];
    await send(BUDI, {
      type: 'interactive',
      interactive: { type: 'button', body: { text: TEXT }, action: { buttons } },
    });
    await send(ALICE, { ...text(), biz_opaque_callback_data: TEXT });
    await send(ALICE, text(), `/v24.0/${PHONE_NUMBER_ID}/messages`);
    await send(ALICE, text(), `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`);
    await call('POST', '/v1/messages', { from: `+${BUSINESS_PHONE}`, to: `+${BUDI}`, ...text() });
    await call(
      'POST',
      `/v1/${PHONE_NUMBER_ID}/messages`,
      { messaging_product: 'whatsapp', to: `+${ALICE}`, ...text() },
      {
        'idempotency-key': `key of ${ALICE}`,
      },
    );
  }

  async function failAllSorts(): Promise<void> {
    for (const to of [UNKNOWN_THERE, CLOSED, FAILS_ONCE, TOO_FAST]) await send(to, text());
    await fault({ kind: 'graph_error', code: 131051, details: `${TEXT} for +${ALICE}` }, { to: ALICE });
    await send(ALICE, text());
    await fault({ kind: 'lost_answer', how: 'reset' }, { to: BUDI });
    await send(BUDI, text());
    await fault({ kind: 'http_error', status: 502 }, { to: ALICE });
    await send(ALICE, text());
    await fault({ kind: 'graph_error', code: 131009, details: TEXT }, { type: 'receipt' });
    await call('POST', `/v1/${PHONE_NUMBER_ID}/messages`, {
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: 'wamid.canaryInbound',
    });
  }

  async function hearAllSorts(): Promise<void> {
    const inbound = inboundText(ALICE, 'wamid.canaryInbound', TEXT);
    const contacts = [{ profile: { name: TEXT }, wa_id: ALICE }];
    await webhook(envelope([{ contacts, messages: [inbound] }]));
    await webhook(
      messageEnvelope([inboundText(BUDI, 'wamid.canaryNul', `${TEXT}\0`), { from: ALICE, text: TEXT }, TEXT]),
    );
    await webhook(statusEnvelope([{ id: 'wamid.canaryUnknown', status: 'sent', recipient_id: ALICE }, TEXT]));
    await webhook(
      statusEnvelope([{ id: 'wamid.canaryElsewhere', status: 'sent' }], { phoneNumberId: '999999999999' }),
    );
    await webhook(envelope([{ errors: [{ code: 131005, title: TEXT, error_data: { details: ALICE } }] }]));
    await webhook(`{"entry": "${TEXT} ${ALICE}`);
    await webhook(messageEnvelope([inbound]), 'the secret of another app');
    await call('GET', `/webhooks/meta?hub.mode=subscribe&hub.verify_token=${VERIFY_TOKEN}&hub.challenge=1`);
    await call('GET', `/webhooks/meta?hub.mode=subscribe&hub.verify_token=canary-guess&hub.challenge=1`);
  }

  async function askAllSorts(): Promise<void> {
    for (const authorization of [`Bearer ${WRONG_KEY}`, `Bearer ${GRAPH_TOKEN}`, `Basic ${house.apiKey}`])
      await call('GET', '/v1/me', undefined, { authorization });
    await call('POST', `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`, text(), {
      'x-api-key': WRONG_KEY,
    });
    await call('GET', `/v1/me?api_key=${house.apiKey}`);
    await call('GET', `/v1/messages?to=%2B${ALICE}&limit=100`);
    await call('GET', `/v1/messages/${TEXT}`);
    await call('GET', `/nowhere/${ALICE}/${house.apiKey}`);
    await call('POST', `/v1/${PHONE_NUMBER_ID}/messages`, `{"to": ${TEXT}`);
    await send(ALICE, { ...text(), [TEXT]: TEXT });
    await send('123', text());
    await exchange(house.url, requestText(`GET /v1/messages/${ALICE}%zz`));
    await exchange(house.url, `${TEXT} ${ALICE}\r\n\r\n`);
  }

  // Errors of the database quote the rows they are about.
  async function breakTheDatabase(): Promise<void> {
    const refuse = (table: string, column: string): string =>
      `alter table ${table} add constraint canary check (${column}::text not like '%${TEXT}%') not valid`;
    const list = await call('GET', '/v1/messages?limit=1');
    const { data }: { data: { id: string }[] } = JSON.parse(await list.text());
    const id = data[0]?.id ?? '';
    for (const [break_, mend] of [
      [refuse('messages', 'body'), 'alter table messages drop constraint canary'],
      ['alter table messages rename to away', 'alter table away rename to messages'],
      ['alter table attempts rename to away', 'alter table away rename to attempts'],
      ['alter table message_states rename to away', 'alter table away rename to message_states'],
    ] as const) {
      await house.query(break_);
      await send(ALICE, text());
      await webhook(messageEnvelope([inboundText(BUDI, 'wamid.canaryBroken', TEXT)]));
      await call('GET', `/v1/messages/${id}`);
      await call('GET', '/v1/messages');
      await house.query(mend);
    }
    await house
      .query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database() and pid <> pg_backend_pid()',
        ['kurir'],
      )
      .catch(() => undefined);
    await until(
      'the gateway to have its database again',
      async () => (await call('GET', '/v1/me')).status === 200,
    );
  }

  async function addNumbers(): Promise<void> {
    const ids = ['--phone-number-id', OTHER_NUMBER_ID, '--waba-id', WABA_ID];
    await command(['numbers', 'add', ...ids, '--token-file', '-'], WRONG_TOKEN);
    await command(['numbers', 'add', ...ids, '--token-file', '-'], GRAPH_TOKEN);
    await command(['numbers', 'set', PHONE_NUMBER_ID, '--token-file', '-'], GRAPH_TOKEN);
    await command(
      ['apps', 'add', '--name', 'Other', '--app-secret-file', '-', '--verify-token', 'canary-verify'],
      'canary-app-secret',
    );
    await command(['doctor']);
    await command(['numbers', 'list']);
    await until('the number to send', async () => {
      const sent = await call('POST', '/v1/messages', {
        from: `+${OTHER_PHONE}`,
        to: `+${ALICE}`,
        ...text(),
      });
      return sent.status === 202;
    });
  }

  // Meta's words about a number are kept with it, not logged.
  async function loseTheNumber(): Promise<void> {
    await fault({ kind: 'graph_error', code: 131031, details: `${TEXT} ${ALICE}` }, { to: ALICE });
    await until('the number to be unusable', async () => (await send(ALICE, text())).status === 422);
    await command(['numbers', 'list']);
  }

  beforeAll(async () => {
    house = await startProcessHouse({
      env: { KURIR_SECRET: SECRET, KURIR_SEND_WAIT_MS: '500', ...env },
      simulator: {
        statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
        numbers: [
          {
            phoneNumberId: PHONE_NUMBER_ID,
            displayPhoneNumber: `+${BUSINESS_PHONE}`,
            verifiedName: 'Kopi Senja',
          },
          {
            phoneNumberId: OTHER_NUMBER_ID,
            displayPhoneNumber: `+${OTHER_PHONE}`,
            verifiedName: 'Kopi Pagi',
          },
        ],
        templates: [
          {
            name: 'greeting',
            language: 'id',
            status: 'APPROVED',
            category: 'UTILITY',
            components: [{ type: 'BODY', text: 'Halo' }],
          },
        ],
      },
    });
    await sendAllSorts();
    await hearAllSorts();
    await failAllSorts();
    await askAllSorts();
    await addNumbers();
    await breakTheDatabase();
    await loseTheNumber();
    await call('GET', '/v1/messages?limit=100');
    await house.stop();
    said = house.log();
  }, 120_000);

  afterAll(() => house[Symbol.asyncDispose]());

  test('the run did what it should: some of all sorts', () => {
    expect(new Set(answers)).toEqual(new Set([200, 202, 400, 401, 403, 404, 422, 500, 502, 503]));
    expect(wamids.length).toBeGreaterThan(10);
    // The gateway speaks of it all, by ids and codes.
    expect(said).toMatch(/msg_[0-9A-Z]{26}/);
    for (const line of ['attempt ended', 'a request failed', 'a webhook was refused', 'set aside'])
      expect(said).toContain(line);
    if (env['LOG_LEVEL'] === 'debug') expect(said.match(/"msg":"request"/g)?.length).toBeGreaterThan(30);
  });

  test('none of it holds a secret, a phone number, a text or a wamid', () => {
    const password = decodeURIComponent(new URL(house.databaseUrl).password);
    const canaries = {
      'the API key': [house.apiKey],
      'a wrong key': [WRONG_KEY],
      'the Graph token': [GRAPH_TOKEN, WRONG_TOKEN],
      'the app secret': [APP_SECRET, 'canary-app-secret'],
      'the verify token': [VERIFY_TOKEN, 'canary-verify', 'canary-guess'],
      KURIR_SECRET: [SECRET],
      'the database password': [password],
      'a phone number': [...CUSTOMERS, BUSINESS_PHONE, OTHER_PHONE],
      'a text': [TEXT],
      'a wamid': ['wamid.', ...wamids.map((wamid) => wamid.slice('wamid.'.length))],
    };
    const found = Object.entries(canaries).flatMap(([what, ones]) => {
      const lines = said.split('\n').filter((line) => ones.some((one) => line.includes(one)));
      return lines.map((line) => `${what}: ${line}`);
    });
    expect(found).toEqual([]);
    expect(said.split('\n').filter((line) => line.includes('canary'))).toEqual([]);
  });

  test('nor does what the commands say', () => {
    const shown = commands.join('\n');
    for (const secret of [house.apiKey, GRAPH_TOKEN, WRONG_TOKEN, APP_SECRET, 'canary-app-secret', SECRET])
      expect(shown).not.toContain(secret);
    expect(shown).toContain(OTHER_NUMBER_ID);
  });
});
