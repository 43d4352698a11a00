// The one list of errors, walked: every code of kernel/errors.ts is provoked from outside, with its exact HTTP status and Kirim's
// envelope. A code without a case here fails. Below: requests that no client would write, on the bare socket.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { FAILURES, REFUSALS, type ErrorCode, type FailureCode } from '../../src/kernel/errors.ts';
import { createKey } from '../../src/organisations/api-keys.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { startMetaByHand, type MetaByHand, type Reaction } from '../support/meta-by-hand.ts';
import { exchange, requestText, type RawAnswer } from '../support/raw-http.ts';
import { messageEnvelope, inboundText, postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';

let meta: MetaByHand;
let house: House;
// The server gives up on it after its own time-out: begun first, waited for last.
let halfARequest: Promise<RawAnswer>;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 300, unknownAfterMs: 5_000 } });
  halfARequest = exchange(house.gateway.url, 'GET /v1/me HTTP/1.1\r\nhost: kurir.test\r\n');
  halfARequest.catch(() => undefined);
});

afterAll(async () => {
  meta.letGo();
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

const MESSAGES = `/v1/${PHONE_NUMBER_ID}/messages`;

function text(rest: object = {}): object {
  return {
    messaging_product: 'whatsapp',
    to: '+12025550110',
    type: 'text',
    text: { body: 'Halo' },
    ...rest,
  };
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  return house.request('POST', MESSAGES, body, headers);
}

/** Another organisation, with a number or not, and requests in its name. */
async function another(
  name: string,
  about: { phoneNumberId?: string; writePerMinute?: number } = {},
): Promise<(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Reply>> {
  const { organisationId, apiKey } = await house.addOrganisation(name);
  const { phoneNumberId, writePerMinute = null } = about;
  if (phoneNumberId !== undefined)
    await house.addNumber({ phoneNumberId, phone: `62811${phoneNumberId.slice(-8)}`, organisationId });
  await house.ctx.db.query('update organisations set write_per_minute = $2 where id = $1', [
    organisationId,
    writePerMinute,
  ]);
  return (method, path, body) => house.request(method, path, body, { authorization: `Bearer ${apiKey}` });
}

/** While a table is not where it belongs. */
async function without<Result>(table: string, act: () => Promise<Result>): Promise<Result> {
  await house.ctx.db.query(`alter table ${table} rename to away_for_a_moment`);
  try {
    return await act();
  } finally {
    await house.ctx.db.query(`alter table away_for_a_moment rename to ${table}`);
  }
}

type Provoked = Reply | RawAnswer | { status: number; text: string; headers: Headers };
type Refused = Provoked | [Provoked, param: string];

// @TODO(5) invalid_webhook_url gets its case with the endpoint that takes a webhook's URL; until then src/webhooks/check-webhook-url.test.ts shows it.
const REFUSED: Record<Exclude<ErrorCode, 'invalid_webhook_url'>, () => Promise<Refused>> = {
  invalid_request: () => post('{"to": '),
  invalid_phone_number: async () => [await post(text({ to: 'example' })), 'to'],
  missing_required_field: async () => [await post(text({ to: undefined })), 'to'],
  invalid_field_value: async () => [await post(text({ text: { body: '' } })), 'text.body'],
  invalid_limit: async () => [await house.request('GET', `${MESSAGES}?limit=101`), 'limit'],
  invalid_cursor: async () => [await house.request('GET', `${MESSAGES}?cursor=bm9uZQ.bm9uZQ`), 'cursor'],
  invalid_api_key: () => house.request('GET', '/v1/me', undefined, { authorization: 'Bearer kur_live_x' }),
  async expired_api_key() {
    const organisationId = (await house.request('GET', '/v1/me')).body.data.organization.id;
    const expiresAt = new Date(Date.now() + 100);
    const { key } = await createKey(house.ctx, { organisationId, label: 'short', expiresAt });
    return until('the key to expire', async () => {
      const reply = await house.request('GET', '/v1/me', undefined, { authorization: `Bearer ${key}` });
      return reply.status !== 200 && reply;
    });
  },
  invalid_signature: () => postWebhook(house, statusEnvelope([]), { secret: 'of another app' }),
  verification_failed: () =>
    house.request('GET', '/webhooks/meta?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1'),
  resource_not_found: () => house.request('GET', '/v1/messages/msg_01HXYZABCDEFGHJKMNPQRSTVWX'),
  method_not_allowed: () => house.request('PUT', MESSAGES, text()),
  request_timeout: () => halfARequest,
  async message_not_withdrawable() {
    const sent = await post(text());
    return house.request('DELETE', `${MESSAGES}/${sent.body.data.id}`);
  },
  request_too_large: () => post(text({ text: { body: 'x'.repeat(256 * 1024) } })),
  path_too_long: () => house.request('GET', `/v1/messages/${'x'.repeat(400)}`),
  unsupported_media_type: () => post('to=62811', { 'content-type': 'application/x-www-form-urlencoded' }),
  async idempotency_key_reuse() {
    const headers = { 'idempotency-key': 'used twice' };
    expectStatus(await post(text(), headers), 200);
    return [await post(text({ to: '+12025550111' }), headers), 'Idempotency-Key'];
  },
  async outside_24h_window() {
    const phoneNumberId = '506540352242926';
    const strict = await another('Cermat', { phoneNumberId });
    await house.ctx.db.query('update numbers set window_check = true where phone_number_id = $1', [
      phoneNumberId,
    ]);
    const refused = await until('the number to check', async () => {
      const reply = await strict('POST', `/v1/${phoneNumberId}/messages`, text({ to: '+12025550114' }));
      return reply.status !== 200 && reply;
    });
    return [refused, 'to'];
  },
  async whatsapp_number_not_verified() {
    const bare = await another('Tanpa nomor');
    return bare('POST', '/v1/messages', { to: '+12025550110', type: 'text', text: { body: 'Halo' } });
  },
  async account_not_connected() {
    const phoneNumberId = '306540352242924';
    const other = await another('Dicabut', { phoneNumberId });
    const sendIt = () => other('POST', `/v1/${phoneNumberId}/messages`, text({ to: '+12025550112' }));
    meta.react((call) => (call.to === '12025550112' ? { kind: 'refuse', code: 190, status: 401 } : ACCEPT));
    const refused = await until('Meta’s word that the token is of no use', async () => {
      const reply = await sendIt();
      return reply.status !== 200 && reply;
    });
    return [refused, 'phone_number_id'];
  },
  async rate_limit_exceeded() {
    const phoneNumberId = '406540352242925';
    const poor = await another('Hemat', { phoneNumberId, writePerMinute: 1 });
    const first = await poor('POST', `/v1/${phoneNumberId}/messages`, text({ to: '+12025550113' }));
    expectStatus(first, 200);
    return poor('POST', `/v1/${phoneNumberId}/messages`, text({ to: '+12025550113' }));
  },
  headers_too_large: () =>
    exchange(house.gateway.url, requestText('GET /v1/me', { 'x-long': 'x'.repeat(20_000) })),
  async internal_error() {
    const sent = await post(text());
    return without('attempts', () => house.request('GET', `/v1/messages/${sent.body.data.id}`));
  },
  async whatsapp_upstream_error() {
    await postWebhook(house, messageEnvelope([inboundText('12025550114', 'wamid.refused', 'Halo')]));
    meta.react((call) => (call.body['status'] === 'read' ? { kind: 'refuse', code: 131009 } : ACCEPT));
    return post({ messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.refused' });
  },
  service_unavailable: () =>
    without('inbound_aside', () =>
      postWebhook(house, statusEnvelope([{ id: 'wamid.unknown', status: 'sent' }])),
    ),
};

const ACCEPT: Reaction = { kind: 'accept' };

function codesOf<Codes extends object>(codes: Codes): (keyof Codes)[] {
  return Object.keys(codes) as (keyof Codes)[];
}

/** The message as GET shows it once it has failed. */
async function failed(sent: Reply): Promise<Reply> {
  expectStatus(sent, 200);
  return until(
    'the failure',
    async () => {
      const shown = await house.request('GET', `/v1/messages/${sent.body.data.id}`);
      return shown.body.data.status === 'failed' && shown;
    },
    20_000,
  );
}

// Meta's refusal of a send: told in the answer already.
const refusedBy =
  (code: number, status = 400) =>
  async (): Promise<[Reply, number]> => {
    meta.react(() => ({ kind: 'refuse', code, status, details: `Meta says ${code}.` }));
    const sent = await post(text({ to: '+12025550115' }));
    expect(sent.body.data).toMatchObject({ status: 'failed', error: { provider_code: code } });
    expect(sent.body.data.error.message).toBe(`Meta says ${code}.`);
    return [await failed(sent), code];
  };

const FAILED: Record<FailureCode, () => Promise<[Reply, providerCode: number | null]>> = {
  outside_24h_window: refusedBy(131047),
  template_paused: refusedBy(132015),
  template_disabled: refusedBy(132016),
  template_param_count_mismatch: refusedBy(132000),
  template_param_format_mismatch: refusedBy(132001, 404),
  recipient_not_on_whatsapp: refusedBy(131026),
  recipient_blocked: refusedBy(1013),
  media_download_failed: refusedBy(131053),
  whatsapp_error: refusedBy(131051),
  async delivery_unknown() {
    meta.react((call) => (call.to === '12025550116' ? { kind: 'hang up' } : ACCEPT));
    const lost = await post(text({ to: '+12025550116' }));
    expect(lost.body.data.status).toBe('pending');
    // Silence means something only once a later attempt was heard of.
    const later = await post(text({ to: '+12025550117' }));
    const [call] = meta.callsTo('12025550117');
    const echo = { biz_opaque_callback_data: call?.token ?? '', timestamp: '1760000000' };
    await postWebhook(house, statusEnvelope([{ id: call?.wamid ?? '', status: 'sent', ...echo }]));
    expect(later.body.data.status).toBe('pending');
    return [await failed(lost), null];
  },
  async expired() {
    meta.react(() => ({ kind: 'hold' }));
    const before = await post(text({ to: '+12025550118' }), { prefer: 'respond-async' });
    expectStatus(before, 200);
    const headers = { prefer: 'respond-async', 'kurir-expires-in': '1' };
    const shown = await failed(await post(text({ to: '+12025550118' }), headers));
    meta.letGo();
    return [shown, null];
  },
  async withdrawn() {
    meta.react(() => ({ kind: 'hold' }));
    await post(text({ to: '+12025550119' }), { prefer: 'respond-async' });
    const queued = await post(text({ to: '+12025550119' }), { prefer: 'respond-async' });
    expectStatus(await house.request('DELETE', `${MESSAGES}/${queued.body.data.id}`), 200);
    const shown = await failed(queued);
    meta.letGo();
    return [shown, null];
  },
};

describe('failures of messages', () => {
  test.each(codesOf(FAILURES))('%s', async (code) => {
    const provoke = FAILED[code];
    expect(provoke).toBeTypeOf('function');
    const [shown, providerCode] = await provoke();
    expect(shown.body.data.error).toEqual({
      code,
      message: expect.stringMatching(/\w.{5,}/),
      provider_code: providerCode,
    });
    expect(shown.body.data.status_times.failed).toMatch(/^\d{4}-.*Z$/);
  });
});

describe('refusals', () => {
  test.each(codesOf(REFUSED))('%s', async (code) => {
    const provoke = REFUSED[code];
    expect(provoke).toBeTypeOf('function');
    const refused = await provoke();
    const [answer, param] = Array.isArray(refused) ? refused : [refused];
    expectKirimError(answer, code, param);
    const retryAfter = new Headers(answer.headers).get('retry-after');
    if (code === 'method_not_allowed') expect(new Headers(answer.headers).get('allow')).toBe('POST, GET');
    if (REFUSALS[code].status === 429 || REFUSALS[code].status === 503)
      expect(retryAfter).toMatch(/^[1-9]\d*$/);
    else expect(retryAfter).toBeNull();
  });
});

describe('what no client would write', () => {
  const authorization = (): Record<string, string> => ({ authorization: `Bearer ${house.apiKey}` });
  const body = JSON.stringify(text({ to: '+12025550130' }));
  const json = { 'content-type': 'application/json' };
  const send = (line: string, headers: Record<string, string>, said = body): Promise<RawAnswer> =>
    exchange(house.gateway.url, requestText(line, { ...authorization(), ...json, ...headers }, said));

  test.each<[string, ErrorCode, () => Promise<RawAnswer>]>([
    [
      'Content-Length beside Transfer-Encoding',
      'invalid_request',
      () => send(`POST ${MESSAGES}`, { 'content-length': '3', 'transfer-encoding': 'chunked' }),
    ],
    [
      'two Content-Lengths',
      'invalid_request',
      () =>
        exchange(
          house.gateway.url,
          requestText(`POST ${MESSAGES}`, { ...json, 'content-length': '2' }).replace(
            'content-length: 2',
            'content-length: 2\r\ncontent-length: 3',
          ),
        ),
    ],
    [
      'a length that is no number',
      'invalid_request',
      () => send(`POST ${MESSAGES}`, { 'content-length': '-5' }),
    ],
    [
      'a chunk that is none',
      'invalid_request',
      () => send(`POST ${MESSAGES}`, { 'transfer-encoding': 'chunked' }),
    ],
    ['a bad escape in the path', 'invalid_request', () => send('GET /v1/messages/%zz', {}, '')],
    ['half an escape', 'invalid_request', () => send('GET /v1/messages/%e0%a4', {}, '')],
    ['a NUL at the end of an id', 'resource_not_found', () => send('GET /v1/messages/msg_%00', {}, '')],
    [
      'a NUL after a right id',
      'resource_not_found',
      () => send(`POST /v1/${PHONE_NUMBER_ID}%00/messages`, {}),
    ],
    ['a NUL in the query', 'invalid_field_value', () => send(`GET ${MESSAGES}?status=%00`, {}, '')],
    ['a NUL in a cursor', 'invalid_field_value', () => send(`GET ${MESSAGES}?cursor=%00`, {}, '')],
    ['a NUL in a header', 'invalid_request', () => send('GET /v1/me', { 'x-nul': 'a\0b' }, '')],
    ['no HTTP at all', 'invalid_request', () => exchange(house.gateway.url, 'hello\r\n\r\n')],
    [
      'a header of 20 kB',
      'headers_too_large',
      () => send('GET /v1/me', { 'x-long': 'x'.repeat(20_000) }, ''),
    ],
    ['a path of 20 kB', 'headers_too_large', () => send(`GET /v1/${'x'.repeat(20_000)}`, {}, '')],
    ['a long part of a path', 'path_too_long', () => send(`GET /v1/messages/${'y'.repeat(301)}`, {}, '')],
    ['a path with dots', 'resource_not_found', () => send('GET /v1/../v1/me', {}, '')],
    ['a path of slashes', 'resource_not_found', () => send('GET //v1//me', {}, '')],
    ['a method nobody knows', 'invalid_request', () => send('BREW /v1/me', {}, '')],
    ['a method of other protocols', 'method_not_allowed', () => send('PUT /v1/me', {})],
  ])('%s: %s', async (_what, code, provoke) => {
    const answer = await provoke();
    const { error }: { error: { param?: string } } = JSON.parse(answer.text);
    expectKirimError(answer, code, error.param);
  });

  test('the dialects of Meta’s shape say it in Meta’s words', async () => {
    const invalid = { status: 400, code: 100 };
    expectGraphError(await send('GET /v24.0/%zz/messages', {}, ''), invalid);
    expectGraphError(await send(`POST /v24.0/${'1'.repeat(400)}/messages`, {}), {
      status: 414,
      code: 100,
    });
    expectGraphError(await send(`POST /meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`, {}, '{'), invalid);
    expectGraphError(
      await send(`POST /v24.0/${PHONE_NUMBER_ID}/messages`, { authorization: 'Bearer EAAx' }),
      {
        status: 401,
        code: 190,
        type: 'OAuthException',
      },
    );
    for (const line of ['GET /v24.0/nothing/here', `GET /v24.0/${PHONE_NUMBER_ID}/messages`])
      expectGraphError(await send(line, {}, ''), { status: 400, code: 2500 });
  });

  test('nothing of it was sent', () => {
    expect(meta.callsTo('12025550130')).toEqual([]);
  });
});

describe('a request id', () => {
  test.each([
    'GET /health',
    'GET /health/ready',
    'GET /v1/health',
    'GET /v1/me',
    'GET /v1/accounts',
    'GET /v1/messages',
    'GET /nowhere',
    'GET /',
    'OPTIONS /v1/messages',
    'GET /v24.0/nowhere',
    'GET /meta/whatsapp/v24.0/nowhere',
    'GET /webhooks/meta',
    'POST /webhooks/meta',
    'POST /webhooks/meta/app_nobodys',
    'DELETE /webhooks/meta',
  ])('is told at %s, and a caller’s own is not taken for it', async (line) => {
    const [method = '', path = ''] = line.split(' ');
    const own = { 'x-request-id': 'req_of_the_caller', 'request-id': 'req_of_the_caller' };
    const reply = await house.request(method, path, undefined, own);
    const told = reply.headers.get('x-request-id');
    expect(told).toMatch(/^req_[0-9A-HJKMNP-TV-Z]{26}$/);
    const inside = reply.body['request_id'] ?? reply.body.error?.request_id;
    if (inside !== undefined) expect(inside).toBe(told);
    expect(reply.status).toBeLessThan(500);
  });

  test('is another one for each request', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => house.request('GET', '/v1/me')));
    expect(new Set(replies.map((reply) => reply.headers.get('x-request-id'))).size).toBe(20);
  });
});
