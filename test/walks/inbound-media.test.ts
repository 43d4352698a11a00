// What customers send is fetched from Meta, kept, and served to whoever has its signed address.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startHouse, until, type House, type Reply } from '../support/house.ts';
import { expectKirimError } from '../support/expect-reply.ts';
import { startMediaAtMeta, type KeptThere, type MediaAtMeta } from '../support/media-at-meta.ts';
import { startS3Server } from '../support/s3-server.ts';
import { messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';

const CUSTOMER = '12025550101';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(3_000)]);

let meta: MediaAtMeta;
let house: House;

beforeAll(async () => {
  meta = await startMediaAtMeta();
  house = await startHouse({ config: { graphUrl: meta.url } });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

let sent = 0;

/** A customer sends it; the id of the message. */
async function receive(
  kept: KeptThere,
  about: { type?: string; part?: object; at?: House } = {},
): Promise<string> {
  const { type = 'image', part = {}, at = house } = about;
  const wamid = `wamid.media-${++sent}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const message = { from: CUSTOMER, id: wamid, timestamp, type, [type]: { ...kept.told, ...part } };
  expect((await postWebhook(at, messageEnvelope([message]))).status).toBe(200);
  const listed = await at.request('GET', `/v1/messages?message_id=${wamid}`);
  return listed.body.data[0].id;
}

function shown(id: string, at = house): Promise<Reply> {
  return at.request('GET', `/v1/messages/${id}`);
}

/** Makes the next try of what failed due. */
async function hurry(at = house): Promise<void> {
  await at.ctx.db.query(
    'update media set fetch_at = database_now() where fetch_at is not null and failure is not null',
  );
  await at.gateway.tick();
}

async function settled(id: string, at = house): Promise<Reply> {
  return until(`the medium of ${id}`, async () => {
    const reply = await shown(id, at);
    if (reply.body.data.media_status !== 'pending') return reply;
    await hurry(at);
    return false;
  });
}

async function open(url: string, init: RequestInit = {}): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(url, init);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

test('an image is fetched with the token, shown as ready, and served', async () => {
  const id = await receive(meta.add(PNG), { part: { caption: 'Nota' } });
  const { data } = (await settled(id)).body;
  expect(data).toMatchObject({ media_status: 'ready', mime_type: 'image/png', caption: 'Nota' });
  const { response, bytes } = await open(data.media_url);
  expect(response.status).toBe(200);
  expect(bytes.equals(PNG)).toBe(true);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(PNG.length),
    'content-disposition': expect.stringMatching(/^inline; filename="med_\w+\.png"/),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'accept-ranges': 'bytes',
  });
  expect(response.headers.has('set-cookie')).toBe(false);
  expect(meta.tokens.every((one) => one?.startsWith('Bearer ') === true)).toBe(true);
});

test('its endpoint leads there, in both forms of the path', async () => {
  const id = await receive(meta.add(PNG));
  const { data } = (await settled(id)).body;
  for (const path of [`/v1/messages/${id}/media`, `/v1/${data.phone_number_id}/messages/${id}/media`]) {
    const response = await fetch(house.gateway.url + path, {
      headers: { authorization: `Bearer ${house.apiKey}` },
      redirect: 'manual',
    });
    expect(response.status).toBe(302);
    expect((await open(response.headers.get('location') ?? '')).bytes.equals(PNG)).toBe(true);
  }
});

test('while it is fetched it is pending, its endpoint says 404, and its address begins to work by itself', async () => {
  const kept = meta.add(PNG, { faults: ['held'] });
  const id = await receive(kept);
  await until('the download to begin', async () => kept.downloads === 1);
  const { data } = (await shown(id)).body;
  expect(data.media_status).toBe('pending');
  const early = await house.request('GET', `/v1/messages/${id}/media`);
  expectKirimError(early, 'resource_not_found');
  expect(early.headers.get('retry-after')).toBe('2');
  expect((await open(data.media_url)).response.status).toBe(404);
  meta.letGo();
  await settled(id);
  expect((await open(data.media_url)).bytes.equals(PNG)).toBe(true);
});

test.each(['not located', 'expired', 'broken', 'cut off', 'other bytes'] as const)(
  'a try that meets “%s” is repeated, asking anew where it is',
  async (fault) => {
    const kept = meta.add(PNG, { faults: [fault, fault] });
    const { data } = (await settled(await receive(kept))).body;
    expect(data.media_status).toBe('ready');
    expect(kept.tries).toBe(3);
    expect((await open(data.media_url)).bytes.equals(PNG)).toBe(true);
  },
);

test('the token goes to no address that is neither https nor the Graph’s own', async () => {
  const kept = meta.add(PNG, { faults: ['elsewhere'] });
  await settled(await receive(kept));
  expect(kept).toMatchObject({ tries: 2, downloads: 1 });
});

test('what Meta does not have is given up after a while, and said to have failed', async () => {
  const kept = meta.add(PNG, { faults: Array.from({ length: 20 }, () => 'no object' as const) });
  const id = await receive(kept);
  expect((await settled(id)).body.data).toMatchObject({ media_status: 'failed', media_url: null });
  expect(kept.tries).toBe(8);
  expectKirimError(await house.request('GET', `/v1/messages/${id}/media`), 'resource_not_found');
});

test('what is too large is not fetched, whether Meta says so or not', async () => {
  await using small = await startHouse({ config: { graphUrl: meta.url, mediaMaxMb: 1 } });
  for (const size of [undefined, 10]) {
    const kept = meta.add(randomBytes(1_000_001), size === undefined ? {} : { size });
    const id = await receive(kept, { at: small });
    expect((await settled(id, small)).body.data.media_status).toBe('failed');
    expect(kept.tries).toBe(1);
  }
});

test('a webhook that comes twice is fetched once', async () => {
  const kept = meta.add(PNG);
  const message = {
    from: CUSTOMER,
    id: 'wamid.twice',
    timestamp: '1790000000',
    type: 'image',
    image: kept.told,
  };
  await Promise.all([1, 2, 3].map(() => postWebhook(house, messageEnvelope([message]))));
  const [listed] = (await house.request('GET', '/v1/messages?message_id=wamid.twice')).body.data;
  await settled(listed.id);
  await postWebhook(house, messageEnvelope([message]));
  await settled(listed.id);
  expect(kept.tries).toBe(1);
});

test('what a node was fetching when it died comes again, and once', async () => {
  const kept = meta.add(PNG, { faults: ['held'] });
  const id = await receive(kept);
  await until('the download to begin', async () => kept.downloads === 1);
  // As if its lease had run out.
  await house.ctx.db.query('update media set fetch_at = database_now() where fetch_at is not null');
  await settled(id);
  meta.letGo();
  expect(kept.tries).toBe(2);
  expect((await shown(id)).body.data.media_status).toBe('ready');
});

test('a stop gives back what is under way', async () => {
  await using other = await startHouse({ config: { graphUrl: meta.url } });
  const kept = meta.add(PNG, { faults: ['held'] });
  const id = await receive(kept, { at: other });
  await until('the download to begin', async () => kept.downloads === 1);
  await other.restart();
  await until(
    'the next node to fetch it',
    async () => (await shown(id, other)).body.data.media_status === 'ready',
  );
  expect(kept.tries).toBe(2);
});

test('a number whose media hang leaves room for those of another', async () => {
  await using two = await startHouse({ config: { graphUrl: meta.url } });
  await two.addNumber({ phoneNumberId: '206540352242923', phone: '628511760008030' });
  const hanging = Array.from({ length: 50 }, () => meta.add(PNG, { faults: ['held'] }));
  await Promise.all(hanging.map((kept) => receive(kept, { at: two })));
  await until('some to hang', async () => hanging.filter((kept) => kept.downloads > 0).length >= 8);
  const kept = meta.add(PNG);
  const message = {
    from: CUSTOMER,
    id: 'wamid.other',
    timestamp: '1790000000',
    type: 'image',
    image: kept.told,
  };
  await postWebhook(two, messageEnvelope([message], { phoneNumberId: '206540352242923' }));
  await until('that of the other number', async () => {
    const listed = await two.request('GET', '/v1/messages?message_id=wamid.other');
    return listed.body.data[0]?.media_status === 'ready';
  });
  expect(hanging.filter((one) => one.downloads > 0).length).toBeLessThan(16);
  meta.letGo();
});

describe('what the bytes are goes before what was told', () => {
  test.each([
    [
      'an image that is a program',
      Buffer.from('MZ\x90\0'.padEnd(200, '\0')),
      'image/png',
      'application/x-msdownload',
      'attachment',
    ],
    [
      'an image that is nothing known',
      Buffer.from('hello'),
      'image/png',
      'application/octet-stream',
      'attachment',
    ],
    ['a page', Buffer.from('<html><script>alert(1)</script>'), 'text/html', 'text/html', 'attachment'],
    ['a document', PDF, 'application/pdf', 'application/pdf', 'attachment'],
    ['plain text', Buffer.from('Halo'), 'text/plain; charset=utf-8', 'text/plain', 'attachment'],
    [
      'a drawing that may hold a program',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'image/svg+xml',
      '',
      'attachment',
    ],
  ])('%s', async (_, bytes, told, found, disposition) => {
    const id = await receive(meta.add(bytes, { mimeType: told }), { type: 'document' });
    const { response } = await open((await settled(id)).body.data.media_url);
    if (found !== '') expect(response.headers.get('content-type')).toBe(found);
    expect(response.headers.get('content-disposition')?.split(';')[0]).toBe(disposition);
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });
});

test.each([
  ['Faktur 2026.pdf', 'filename="Faktur 2026.pdf"; filename*=UTF-8\'\'Faktur%202026.pdf'],
  ['../../etc/passwd', 'filename=".._.._etc_passwd"; filename*=UTF-8\'\'.._.._etc_passwd'],
  [
    'a"b\r\nSet-Cookie: x=1',
    'filename="a_b__Set-Cookie: x=1"; filename*=UTF-8\'\'a%22b__Set-Cookie%3A%20x%3D1',
  ],
  ['発注書.pdf', 'filename="___.pdf"; filename*=UTF-8\'\'%E7%99%BA%E6%B3%A8%E6%9B%B8.pdf'],
])('the name %j is safe in a header', async (filename, says) => {
  const kept = meta.add(PDF, { mimeType: 'application/pdf' });
  const id = await receive(kept, { type: 'document', part: { filename } });
  const { response } = await open((await settled(id)).body.data.media_url);
  expect(response.headers.get('content-disposition')).toBe(`attachment; ${says}`);
});

describe.each(['a folder', 'a bucket'])('served from %s', (place) => {
  let other: House;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const s3 = place === 'a bucket' ? await startS3Server() : undefined;
    other = await startHouse({ config: { graphUrl: meta.url, ...s3?.settings } });
    const id = await receive(meta.add(PDF, { mimeType: 'application/pdf' }), { type: 'document', at: other });
    url = (await settled(id, other)).body.data.media_url;
    close = async () => {
      await other[Symbol.asyncDispose]();
      await s3?.[Symbol.asyncDispose]();
    };
  });

  afterAll(() => close());

  test.each([
    ['bytes=0-99', 0, 100],
    ['bytes=100-', 100, PDF.length],
    ['bytes=-7', PDF.length - 7, PDF.length],
    [`bytes=5-${PDF.length * 2}`, 5, PDF.length],
  ])('the part %s', async (range, from, to) => {
    const { response, bytes } = await open(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${PDF.length}`);
    expect(bytes.equals(PDF.subarray(from, to))).toBe(true);
  });

  test.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-2', 'bytes=-', 'nonsense'])(
    'the whole, when asked for %s',
    async (range) => {
      const { response, bytes } = await open(url, { headers: { range } });
      expect(response.status).toBe(200);
      expect(bytes.equals(PDF)).toBe(true);
    },
  );

  test('nothing beyond its end', async () => {
    const { response } = await open(url, { headers: { range: `bytes=${PDF.length}-` } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${PDF.length}`);
  });

  test('its head, and nothing new to who has it', async () => {
    const head = await open(url, { method: 'HEAD' });
    expect(head.response.status).toBe(200);
    expect(head.response.headers.get('content-length')).toBe(String(PDF.length));
    expect(head.bytes.length).toBe(0);
    const etag = head.response.headers.get('etag') ?? '';
    const again = await open(url, { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect(again.response.status).toBe(304);
    const changed = await open(url, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect(changed.response.status).toBe(200);
  });
});

test('an address that was altered, or is too old, opens nothing', async () => {
  const id = await receive(meta.add(PNG));
  const other = await receive(meta.add(PDF, { mimeType: 'application/pdf' }));
  const url = new URL((await settled(id)).body.data.media_url);
  const others = new URL((await settled(other)).body.data.media_url);
  const altered = (change: (copy: URL) => void): string => {
    const copy = new URL(url);
    change(copy);
    return copy.href;
  };
  for (const bad of [
    altered((copy) => copy.searchParams.set('expires', '9999999999')),
    altered((copy) => copy.searchParams.set('signature', '0'.repeat(40))),
    altered((copy) => copy.searchParams.delete('signature')),
    altered((copy) => copy.searchParams.delete('expires')),
    altered((copy) => void (copy.pathname = others.pathname)),
    altered((copy) => void (copy.search = '?expires=x&signature=y')),
    altered((copy) => void (copy.pathname = '/media/..%2f..%2f/etc')),
  ]) {
    const { response } = await open(bad);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('json');
  }
  await using later = await house.addNode({
    clock: {
      now: () => Date.now() + 3 * 86_400_000,
      monotonic: () => performance.now(),
      after: (ms, act) => house.ctx.clock.after(ms, act),
    },
  });
  expect((await open(url.href.replace(url.origin, later.gateway.url))).response.status).toBe(404);
});

test('a text has no media', async () => {
  const message = {
    from: CUSTOMER,
    id: 'wamid.text',
    timestamp: '1790000000',
    type: 'text',
    text: { body: 'Halo' },
  };
  await postWebhook(house, messageEnvelope([message]));
  const [listed] = (await house.request('GET', '/v1/messages?message_id=wamid.text')).body.data;
  expect(listed).not.toHaveProperty('media_status');
  expectKirimError(await house.request('GET', `/v1/messages/${listed.id}/media`), 'resource_not_found');
});
