// Customers' media of any size: the bytes are those of the webhook's sum, and faults of links and downloads do what they say.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/json.ts';
import type { FaultAsked } from '../control/fault-schema.ts';
import { part, word } from '../json-parts.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { control, errorOf, graph, NUMBER, TOKEN } from '../testing/client.ts';

const PHONE = '628111111111';
const headers = { authorization: `Bearer ${TOKEN}` };

/** A customer's medium, as it stands in the webhook. */
function sendMedium(simulator: Simulator, type: string, medium: JsonObject, from = PHONE): JsonObject {
  return part(simulator.control.send(from, { type, [type]: medium }).payload, type);
}

interface Fetched {
  status: number;
  size: number;
  sum: string;
  head: Buffer;
}

async function fetched(url: string): Promise<Fetched> {
  const response = await fetch(url, { headers });
  const hash = createHash('sha256');
  let size = 0;
  let head = Buffer.alloc(0);
  for await (const piece of response.body ?? []) {
    if (size === 0) head = Buffer.from(piece.subarray(0, 16));
    size += piece.length;
    hash.update(piece);
  }
  return { status: response.status, size, sum: hash.digest('base64'), head };
}

async function linkOf(simulator: Simulator, { id }: JsonObject): Promise<string> {
  return word((await graph(simulator, `GET /v24.0/${word(id)}`)).json['url']);
}

test.each([
  ['image', 'image/jpeg', 'ffd8ff', 3_000_001],
  ['sticker', 'image/webp', '52494646', 65_536],
  ['audio', 'audio/ogg; codecs=opus', '4f676753', 1],
  ['document', 'text/plain', '', 200_001],
  ['document', 'application/pdf', '255044462d', 30_000_000],
])(
  '%s of %s: its bytes by the webhook’s link and by Meta’s two steps',
  async (type, mime_type, head, size) => {
    await using simulator = await startSimulator();
    const medium = sendMedium(simulator, type, { mime_type, size });
    const direct = await fetched(word(medium['url']));
    expect(direct).toMatchObject({ status: 200, size, sum: medium['sha256'] });
    expect(direct.head.toString('hex').startsWith(head.slice(0, size * 2))).toBe(true);
    expect(await fetched(await linkOf(simulator, medium))).toEqual(direct);
    const located = await graph(simulator, `GET /v24.0/${word(medium['id'])}?phone_number_id=${NUMBER}`);
    expect(located.json).toMatchObject({
      mime_type,
      file_size: size,
      sha256: Buffer.from(word(medium['sha256']), 'base64').toString('hex'),
    });
  },
);

test('the same type, size and seed are the same bytes, another seed is others, and a range is a part of them', async () => {
  await using simulator = await startSimulator();
  const one = sendMedium(simulator, 'image', { size: 200_000 });
  const same = sendMedium(simulator, 'image', { size: 200_000 });
  const other = sendMedium(simulator, 'image', { size: 200_000, seed: 1 });
  expect(same['sha256']).toBe(one['sha256']);
  expect(other['sha256']).not.toBe(one['sha256']);
  const whole = Buffer.from(await (await fetch(word(one['url']), { headers })).arrayBuffer());
  const range = await fetch(word(one['url']), { headers: { ...headers, range: 'bytes=65000-140000' } });
  expect(Buffer.from(await range.arrayBuffer()).equals(whole.subarray(65_000, 140_001))).toBe(true);
});

test('bytes that were given, more than a usual body holds; more than a hundred megabytes are refused', async () => {
  await using simulator = await startSimulator();
  const bytes = Buffer.alloc(3_000_000, 'kopi ');
  const data = bytes.toString('base64');
  const sent = await control(simulator, `POST /phones/${PHONE}/send`, {
    type: 'document',
    document: { data },
  });
  expect(sent.status).toBe(200);
  const medium = part(part(sent.json, 'payload'), 'document');
  expect(medium['sha256']).toBe(createHash('sha256').update(bytes).digest('base64'));
  expect(await fetched(word(medium['url']))).toMatchObject({ size: bytes.length, sum: medium['sha256'] });
  const large = await control(simulator, `POST /phones/${PHONE}/send`, {
    type: 'document',
    document: { size: 100_000_001 },
  });
  expect([large.status, errorOf(large)['param']]).toEqual([400, 'document.size']);
});

test('a customer’s medium can be had for seven days', async () => {
  await using simulator = await startSimulator();
  simulator.control.setClock({ mode: 'frozen', now: '2026-11-20T08:00:00Z' });
  const medium = sendMedium(simulator, 'image', { size: 1000 });
  await simulator.control.advance({ by: '5m' });
  expect((await fetched(word(medium['url']))).status).toBe(200);
  await simulator.control.advance({ by: '1s' });
  expect((await fetched(word(medium['url']))).status).toBe(404);
  await simulator.control.advance({ by: '6d' });
  expect((await fetched(await linkOf(simulator, medium))).status).toBe(200);
  await simulator.control.advance({ by: '1d' });
  expect(errorOf(await graph(simulator, `GET /v24.0/${word(medium['id'])}`))).toMatchObject({
    error_subcode: 33,
  });
});

test('after a restart with a ledger: given, uploaded and made up, all are there', async () => {
  const ledgerDir = mkdtempSync(join(tmpdir(), 'simulator-media-test-'));
  onTestFinished(() => rmSync(ledgerDir, { recursive: true }));
  const first = await startSimulator({ ledgerDir });
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('file', new Blob(['uploaded'], { type: 'text/plain' }), 'a.txt');
  const media = [
    sendMedium(first, 'image', {}),
    sendMedium(first, 'document', { size: 100_000 }),
    (await graph(first, `POST /v24.0/${NUMBER}/media`, { body: form })).json,
  ];
  const before = await Promise.all(media.map(async (one) => fetched(await linkOf(first, one))));
  expect(before.map(({ size }) => size)).toEqual([70, 100_000, 8]);
  await first.close();
  await using second = await startSimulator({ ledgerDir });
  expect(await Promise.all(media.map(async (one) => fetched(await linkOf(second, one))))).toEqual(before);
});

test('expired_link: of webhooks, of getMedia, or both', async () => {
  await using simulator = await startSimulator();
  const statuses = async (match: NonNullable<FaultAsked['match']>): Promise<number[]> => {
    simulator.control.clearFaults();
    simulator.control.putFault({ effect: { kind: 'expired_link' }, match });
    const medium = sendMedium(simulator, 'image', { size: 10 });
    return [
      (await fetched(word(medium['url']))).status,
      (await fetched(await linkOf(simulator, medium))).status,
    ];
  };
  expect(await statuses({ edge: 'webhook' })).toEqual([404, 200]);
  expect(await statuses({ edge: 'getMedia' })).toEqual([200, 404]);
  expect(await statuses({})).toEqual([404, 404]);
  expect(await statuses({ type: 'image', number: NUMBER, to: PHONE })).toEqual([404, 404]);
  expect(await statuses({ type: 'video' })).toEqual([200, 200]);
  expect(await statuses({ to: '628222222222' })).toEqual([200, 200]);
});

test('downloads that fail: with a status, cut off, with other bytes; for whom they are meant', async () => {
  await using simulator = await startSimulator();
  const medium = sendMedium(simulator, 'document', { size: 3_000_000 });
  const url = word(medium['url']);
  const fault = (effect: FaultAsked['effect'], match: FaultAsked['match'] = {}): void => {
    simulator.control.clearFaults();
    simulator.control.putFault({ effect, match: { edge: 'attachments', ...match } });
  };
  for (const status of [404, 500, 503]) {
    fault({ kind: 'http_error', status }, { type: 'document', number: NUMBER, to: PHONE });
    expect((await fetched(url)).status).toBe(status);
  }
  fault({ kind: 'http_error', status: 503 }, { type: 'image' });
  expect((await fetched(url)).status).toBe(200);
  fault({ kind: 'truncated' });
  const cut = await fetch(url, { headers });
  expect([cut.status, cut.headers.get('content-length')]).toEqual([200, '3000000']);
  await expect(cut.arrayBuffer()).rejects.toThrow('terminated');
  fault({ kind: 'wrong_bytes' });
  const wrong = await fetched(url);
  expect(wrong).toMatchObject({ status: 200, size: 3_000_000 });
  expect(wrong.sum).not.toBe(medium['sha256']);
  fault({ kind: 'lost_answer', how: 'reset' });
  await expect(fetched(url)).rejects.toThrow('fetch failed');
  fault({ kind: 'trickle', part: 'body', ms: 100 });
  expect((await fetched(url)).sum).toBe(medium['sha256']);
  simulator.control.putFault({ effect: { kind: 'http_error', status: 500 }, match: { edge: 'getMedia' } });
  expect((await graph(simulator, `GET /v24.0/${word(medium['id'])}`)).status).toBe(500);
});

test('a rate of failures repeats with the seed', async () => {
  const failures = async (): Promise<boolean[]> => {
    await using simulator = await startSimulator({ seed: 7 });
    simulator.control.putFault({ effect: { kind: 'expired_link' }, probability: 0.3 });
    const urls = Array.from({ length: 40 }, () => word(sendMedium(simulator, 'image', { size: 10 })['url']));
    return await Promise.all(urls.map(async (url) => (await fetched(url)).status === 404));
  };
  const first = await failures();
  expect(first.filter(Boolean).length).toBeGreaterThan(3);
  expect(first.filter(Boolean).length).toBeLessThan(25);
  expect(await failures()).toEqual(first);
});
