// Bad input gets a clear answer (promise 10): whatever bytes come, a 4xx that names the field where there is one, in the
// dialect's own envelope, with a request id and the caller's budget; never a 500, and never a neighbour that suffers.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ErrorCode } from '../../src/kernel/errors.ts';
import type { JsonObject } from '../../src/kernel/json.ts';
import { anyBodies, mutations } from '../support/arbitrary-outbound.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, type House } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { exchange, requestText } from '../support/raw-http.ts';
import { seedOfRun } from '../support/seed-of-run.ts';

let meta: MetaByHand;
let house: House;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 2_000 } });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

const MESSAGES = `/v1/${PHONE_NUMBER_ID}/messages`;
const JSON_TYPE = { 'content-type': 'application/json' };
const TO = '+12025550140';

interface Posted {
  status: number;
  headers: Headers;
  text: string;
}

/** Posts bytes as they are; no content type unless one is given. */
async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Posted> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const response = await fetch(house.gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.apiKey}`, ...headers },
    body: bytes,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A text's body as JSON text, with `content` in the place of the whole text object. */
function textWith(content: string): string {
  return `{"messaging_product":"whatsapp","to":"${TO}","type":"text","text":${content}}`;
}

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const HALO = '{"body":"Halo"}';

test.each(['QUERY', 'PROPFIND', 'DELETE'])('the method %s, which the path does not have', async (method) => {
  const response = await fetch(house.gateway.url + MESSAGES, { method });
  expect([404, 405, 415]).toContain(response.status);
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
});

describe('bodies that are no JSON object', () => {
  const bodies: [string, string | Uint8Array<ArrayBuffer>][] = [
    ['nothing', ''],
    ['white space', ' \r\n\t'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['a number', '42'],
    ['half an object', '{"messaging_product": "whatsapp", "to"'],
    ['a comma too many', '{"to":"+62811",}'],
    ['single quotes', "{'to':'+62811'}"],
    ['two values', `${textWith(HALO)} {}`],
    ['a comment', `/* */ ${textWith(HALO)}`],
    ['a form', 'to=%2B62811&type=text'],
    ['NaN', textWith('{"body":NaN}')],
    ['a bare control character', textWith('{"body":"a\nb"}')],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from('{"to":"'), Buffer.from([0xc3, 0x28, 0xff])])],
    ['UTF-16', Buffer.from(textWith(HALO), 'utf16le')],
    ['a surrogate in UTF-8', Buffer.from(textWith('{"body":"\xed\xa0\x80"}'), 'latin1')],
    ['10 000 lists in one another', textWith(deep(10_000))],
    ['100 000 open brackets', '['.repeat(100_000)],
    ['33 objects in one another', '{"a":'.repeat(33) + '1' + '}'.repeat(33)],
  ];

  test.each(bodies)('%s', async (_what, body) => {
    expectKirimError(await post(MESSAGES, body), 'invalid_request');
    expectKirimError(await post('/v1/messages', body), 'invalid_request');
    for (const path of [
      `/v24.0/${PHONE_NUMBER_ID}/messages`,
      `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`,
    ])
      expectGraphError(await post(path, body), { status: 400, code: 100, type: 'OAuthException' });
  });

  test('the message of the error does not repeat the body', async () => {
    const { message } = expectKirimError(await post(MESSAGES, '{"to": rahasia}'), 'invalid_request');
    expect(message).not.toContain('rahasia');
  });

  test.each<[Record<string, string>, string]>([
    [{}, ''],
    [{ 'content-length': '0' }, ''],
    [{ 'transfer-encoding': 'chunked' }, '0\r\n\r\n'],
  ])('nothing, named as JSON (%j), is no body', async (length, nothing) => {
    const headers = { ...JSON_TYPE, authorization: `Bearer ${house.apiKey}`, ...length };
    const ask = (method: string, path: string) =>
      exchange(house.gateway.url, requestText(`${method} ${path}`, headers, nothing));
    expect((await ask('GET', '/v1/me')).status).toBe(200);
    expectKirimError(await ask('DELETE', '/v1/labels/lbl_0'), 'resource_not_found');
    expectKirimError(await ask('POST', '/v1/webhook_subscriptions/wbs_0/test'), 'resource_not_found');
    expectKirimError(await ask('POST', '/v1/webhook_subscriptions/wbs_0/secrets'), 'resource_not_found');
    for (const path of [MESSAGES, '/v1/messages', '/v1/labels']) {
      const { message } = expectKirimError(await ask('POST', path), 'invalid_request');
      expect(message).toContain('must be a JSON object');
    }
    expectGraphError(await ask('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`), { status: 400, code: 100 });
    expectGraphError(await ask('DELETE', '/v24.0/7'), { status: 400, code: 100 });
  });

  test.each([
    ['none', undefined],
    ['a form', 'application/x-www-form-urlencoded'],
    ['plain text', 'text/plain'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['no type at all', 'nonsense'],
  ])('content type %s: 415', async (_what, type) => {
    const headers: Record<string, string> =
      type === undefined ? { 'content-type': '' } : { 'content-type': type };
    for (const path of [MESSAGES, '/v1/messages'])
      expectKirimError(await post(path, textWith(HALO), headers), 'unsupported_media_type');
    expectGraphError(await post(`/v24.0/${PHONE_NUMBER_ID}/messages`, textWith(HALO), headers), {
      status: 415,
      code: 100,
    });
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])(
    'content type %s is taken',
    async (type) => {
      expectStatus(await post(MESSAGES, textWith(HALO), { 'content-type': type, ...ASYNC }), 200);
    },
  );

  test('a byte order mark is not part of the body', async () => {
    expectStatus(await post(MESSAGES, `\ufeff${textWith(HALO)}`, { ...JSON_TYPE, ...ASYNC }), 200);
  });

  test('of a key given twice the last one counts, for the checks and for what is sent', async () => {
    const twice = textWith(HALO).replace(TO, 'example').replace('"to"', '"to":"+12025550149","to"');
    expectKirimError(await post(MESSAGES, twice), 'invalid_phone_number', 'to');
    const kept = textWith(HALO).replace('"to"', '"to":"example","to"');
    expectStatus(await post(MESSAGES, kept, { ...JSON_TYPE, ...ASYNC }), 200);
    expect(meta.callsTo('12025550149')).toEqual([]);
  });
});

const ASYNC = { prefer: 'respond-async' };

describe('fields', () => {
  const whole = (fields: object): object => ({
    messaging_product: 'whatsapp',
    to: TO,
    type: 'text',
    text: { body: 'Halo' },
    ...fields,
  });
  const location = (fields: object): object =>
    whole({ type: 'location', text: undefined, location: { latitude: 1, longitude: 2, ...fields } });

  const cases: [string, object | string, ErrorCode, string | undefined][] = [
    ['an unknown field', whole({ extra: 1 }), 'invalid_field_value', 'extra'],
    ['an unknown field inside', whole({ text: { body: 'x', bdy: 1 } }), 'invalid_field_value', 'text.bdy'],
    ['another kind’s field', whole({ image: { id: '1' } }), 'invalid_field_value', 'image'],
    ['constructor', whole({ constructor: {} }), 'invalid_field_value', 'constructor'],
    ['toString inside', whole({ text: { body: 'x', toString: 1 } }), 'invalid_field_value', 'text.toString'],
    ['__proto__', textWith(HALO).replace('{', '{"__proto__":{"x":1},'), 'invalid_field_value', '__proto__'],
    ['__proto__ inside', textWith('{"body":"x","__proto__":1}'), 'invalid_field_value', 'text.__proto__'],
    ['a number as recipient', whole({ to: 12025550140 }), 'invalid_field_value', 'to'],
    ['a list as recipient', whole({ to: [TO] }), 'invalid_field_value', 'to'],
    ['a number as text', whole({ text: { body: 5 } }), 'invalid_field_value', 'text.body'],
    [
      'true as a word',
      whole({ text: { body: 'x', preview_url: 'true' } }),
      'invalid_field_value',
      'text.preview_url',
    ],
    ['a text as object', whole({ text: 'Halo' }), 'invalid_field_value', 'text'],
    ['null as object', whole({ text: null }), 'invalid_field_value', 'text'],
    ['a list as object', whole({ text: [] }), 'invalid_field_value', 'text'],
    ['a list of 100 000', textWith(`[${'0,'.repeat(99_999)}0]`), 'invalid_field_value', 'text'],
    ['a number as type', whole({ type: 5 }), 'invalid_field_value', 'type'],
    ['an unknown type', whole({ type: 'telegram' }), 'invalid_field_value', 'type'],
    ['a type of every object', whole({ type: 'constructor' }), 'invalid_field_value', 'type'],
    ['true as a number', location({ latitude: true }), 'invalid_field_value', 'location.latitude'],
    ['another product', whole({ messaging_product: 'sms' }), 'invalid_field_value', 'messaging_product'],
    ['no product', whole({ messaging_product: undefined }), 'missing_required_field', 'messaging_product'],
    ['no content', whole({ text: undefined }), 'missing_required_field', 'text'],
    ['nothing to say', whole({ text: {} }), 'missing_required_field', 'text.body'],
    ['a NUL', whole({ text: { body: 'a\0b' } }), 'invalid_field_value', 'text.body'],
    ['a NUL in a key', whole({ text: { 'a\0': 'b' } }), 'invalid_field_value', 'text'],
    ['half a pair', whole({ text: { body: 'a\ud800b' } }), 'invalid_field_value', 'text.body'],
    ['the other half', whole({ text: { body: '\udc00' } }), 'invalid_field_value', 'text.body'],
    ['half a pair as key', whole({ '\ud83d': 1 }), 'invalid_field_value', undefined],
    ['a number beyond all', textWith('{"body":1e400000}'), 'invalid_field_value', 'text.body'],
    [
      'a place beyond all',
      JSON.stringify(location({})).replace('"latitude":1', '"latitude":-1e400000'),
      'invalid_field_value',
      'location.latitude',
    ],
    ['a place off the earth', location({ latitude: 91 }), 'invalid_field_value', 'location.latitude'],
    ['a text too long', whole({ text: { body: 'x'.repeat(4_097) } }), 'invalid_field_value', 'text.body'],
    [
      'a receipt of nothing',
      { messaging_product: 'whatsapp', status: 'read' },
      'missing_required_field',
      'message_id',
    ],
    [
      'a receipt that says more',
      { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.x', to: TO },
      'invalid_field_value',
      'to',
    ],
    [
      'a receipt with a NUL',
      { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.\0' },
      'invalid_field_value',
      'message_id',
    ],
    [
      'another status',
      { messaging_product: 'whatsapp', status: 'sent', message_id: 'x' },
      'invalid_field_value',
      'status',
    ],
  ];

  test.each(cases)('%s', async (_what, body, ...[code, param]) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expectKirimError(await post(MESSAGES, text), code, param);
  });

  test('the flat form names its own fields', async () => {
    const flat = { to: TO, type: 'image', image: { url: 'ftp://files.example.com/a.jpg' } };
    expectKirimError(await post('/v1/messages', JSON.stringify(flat)), 'invalid_field_value', 'image.url');
    const from = { to: TO, type: 'text', text: { body: 'x' }, from: 5 };
    expectKirimError(await post('/v1/messages', JSON.stringify(from)), 'invalid_phone_number', 'from');
  });

  test.each([
    ['Kurir-Priority', 'urgent'],
    ['Kurir-Expires-In', '1.5'],
    ['Kurir-Expires-In', '0'],
    ['Kurir-Expires-In', '99999999999'],
  ])('header %s: %s', async (name, value) => {
    const refused = await post(MESSAGES, textWith(HALO), { ...JSON_TYPE, [name]: value });
    expectKirimError(refused, 'invalid_field_value', name);
  });

  test('what is not understood in Prefer is ignored', async () => {
    const headers = { ...JSON_TYPE, prefer: 'handling=lenient, wait=;, respond-async' };
    expectStatus(await post(MESSAGES, textWith(HALO), headers), 200);
  });
});

describe('queries', () => {
  test.each<[string, ErrorCode, string]>([
    ['limit=0', 'invalid_limit', 'limit'],
    ['limit=101', 'invalid_limit', 'limit'],
    ['limit=-1', 'invalid_limit', 'limit'],
    ['limit=1.5', 'invalid_limit', 'limit'],
    ['limit=', 'invalid_limit', 'limit'],
    ['limit=ten', 'invalid_limit', 'limit'],
    ['limit=1&limit=1000', 'invalid_limit', 'limit'],
    ['cursor=', 'invalid_cursor', 'cursor'],
    ['cursor=x', 'invalid_cursor', 'cursor'],
    [`cursor=${'x'.repeat(5_000)}`, 'invalid_cursor', 'cursor'],
    ['status=sending', 'invalid_field_value', 'status'],
    ['direction=both', 'invalid_field_value', 'direction'],
    ['to=example', 'invalid_phone_number', 'to'],
    ['created_after=yesterday', 'invalid_field_value', 'created_after'],
    ['created_before=2026-13-45', 'invalid_field_value', 'created_before'],
    ['created_before=2026-02-30T25:00:00Z', 'invalid_field_value', 'created_before'],
    ['page=2', 'invalid_field_value', 'page'],
    ['__proto__=1', 'invalid_field_value', '__proto__'],
  ])('%s', async (query, code, param) => {
    expectKirimError(await house.request('GET', `${MESSAGES}?${query}`), code, param);
    expectKirimError(await house.request('GET', `/v1/messages?${query}`), code, param);
  });

  test.each(['created_after=0000-01-01', 'created_before=9999-12-31T23:59:59.999Z', 'limit=1&limit=2'])(
    '%s is taken',
    async (query) => expectStatus(await house.request('GET', `${MESSAGES}?${query}`), 200),
  );

  test('accounts', async () => {
    const refused = await house.request('GET', '/v1/accounts?status=gone');
    expectKirimError(refused, 'invalid_field_value', 'status');
  });
});

describe('sizes', () => {
  test('more than 256 kB is refused, before it has been sent', async () => {
    for (const size of [256 * 1024, 5_000_000]) {
      const body = textWith(JSON.stringify({ body: 'x'.repeat(size) }));
      expectKirimError(await post(MESSAGES, body), 'request_too_large');
    }
    expectKirimError(await post(MESSAGES, textWith(`[${'0,'.repeat(999_999)}0]`)), 'request_too_large');
  });

  test('just below is read, and its fault is named', async () => {
    const body = textWith(JSON.stringify({ body: 'x'.repeat(256 * 1024 - 200) }));
    expectKirimError(await post(MESSAGES, body), 'invalid_field_value', 'text.body');
  });
});

describe('any mutation of any valid body', () => {
  const runs = { numRuns: 250, seed: seedOfRun('mutations of bodies'), endOnFailure: true };
  let neighbours = 0;

  // With a neighbour in the same moment, which must not suffer.
  async function withNeighbour(path: string, body: JsonObject): Promise<Posted> {
    const headers = { ...JSON_TYPE, ...ASYNC };
    const to = `+1202556${String(neighbours++).padStart(4, '0')}`;
    const [answer, neighbour] = await Promise.all([
      post(path, JSON.stringify(body), headers),
      post(path, textWith(HALO).replace(TO, to), headers),
    ]);
    expectStatus(neighbour, 200);
    return answer;
  }

  test('is sent, or refused with its field named, in the kirim dialect', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyBodies(), mutations()), async (body) => {
        const answer = await withNeighbour(MESSAGES, body);
        if (answer.status === 200 || answer.status === 413) return;
        const { error }: { error: { code: ErrorCode; param?: string } } = JSON.parse(answer.text);
        expectKirimError(answer, error.code, error.param);
        expect({ ...error, status: answer.status }).toMatchObject({
          status: 400,
          param: expect.stringMatching(/./),
        });
      }),
      runs,
    );
  });

  test('is sent, or refused in Meta’s words, in the graph dialect', async () => {
    // Of its own, without the queue of the test before: a wamid is owed here.
    const before = house;
    await using own = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 20_000 } });
    house = own;
    try {
      await fc.assert(
        fc.asyncProperty(fc.oneof(anyBodies(), mutations()), async (body) => {
          const answer = await withNeighbour(`/v24.0/${PHONE_NUMBER_ID}/messages`, body);
          if (answer.status === 200 || answer.status === 413) return;
          expectGraphError(answer, { status: 400, code: 100 });
          const { error }: { error: { error_data: { details: string } } } = JSON.parse(answer.text);
          expect(error.error_data.details).toMatch(/\(.+\)$/s);
        }),
        { ...runs, numRuns: 150 },
      );
    } finally {
      house = before;
    }
  });
});
