// As much as a busy day brings: a thousand images while one address in ten is too old or one answer in ten bad; and files of a hundred
// megabytes through a gateway that never holds one.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';

import { PHONE_NUMBER_ID, startHouse, until } from '../support/house.ts';
import { startProcessHouse, type ProcessHouse } from '../support/process-house.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';

const CUSTOMER = '628111222333';
/** The long form is `npm run test:media`. */
const LONG = process.env['TEST_MEDIA'] === 'long';
const IMAGES = LONG ? 1_000 : 200;

test(`${IMAGES} images are all fetched and served, whatever Meta does`, { timeout: 180_000 }, async () => {
  await using house = await startHouse();
  const { control } = house.simulator;
  control.createPhone({ phone: CUSTOMER });
  control.putFault({ match: { edge: 'getMedia' }, effect: { kind: 'expired_link' }, probability: 0.04 });
  control.putFault({
    match: { edge: 'attachments' },
    effect: { kind: 'http_error', status: 500 },
    probability: 0.03,
  });
  control.putFault({ match: { edge: 'attachments' }, effect: { kind: 'wrong_bytes' }, probability: 0.02 });
  control.putFault({
    match: { edge: 'getMedia' },
    effect: { kind: 'not_taken', how: 'reset' },
    probability: 0.01,
  });
  for (let seed = 0; seed < IMAGES; seed++)
    control.send(CUSTOMER, { type: 'image', image: { size: 10_000 + seed, mime_type: 'image/jpeg', seed } });
  const pending = `select 1 from media where status <> 'ready' union all select 1 where (select count(*) from media) < ${IMAGES} limit 1`;
  await until('all to be here', async () => (await house.ctx.db.query(pending)).length === 0, 120_000);
  const [all] = await house.ctx.db.query<{ tries: number }>('select sum(tries)::int as tries from media');
  // One in ten of them was tried again.
  expect(all?.tries).toBeGreaterThan(IMAGES * 1.05);
  let served = 0;
  for (let cursor = ''; ;) {
    const page = await house.request('GET', `/v1/messages?limit=100${cursor && `&cursor=${cursor}`}`);
    for (const message of page.body.data) {
      const response = await fetch(message.media_url);
      const sum = createHash('sha256').update(Buffer.from(await response.arrayBuffer()));
      if (sum.digest('base64') === message.image.sha256) served++;
    }
    if (page.body['has_more'] !== true) break;
    cursor = String(page.body['next_cursor']);
  }
  expect(served).toBe(IMAGES);
});

const LARGE = 100_000_000;
const RSS_MAX_MB = 300;

// The peak of a process is told by Linux alone.
describe.skipIf(process.platform !== 'linux')('a hundred megabytes', () => {
  test.each(LONG ? ['a folder', 'a bucket'] : ['a folder'])(
    'stream through both ways, kept in %s',
    { timeout: 180_000 },
    async (place) => {
      await using s3 = place === 'a bucket' ? await startS3Server() : undefined;
      await using house = await startProcessHouse({
        env: {
          KURIR_PUBLIC_URL: 'http://kurir.example.com',
          ...(s3 ? bucketOf(s3) : {}),
        },
      });
      await simulator(house, '/phones', { phone: CUSTOMER, window: 'open' });

      const file = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(1_000_000, 7)]);
      const { id, sha256, file_size: size } = await upload(house, file, LARGE);
      expect(size).toBe(LARGE);
      const sent = await ask(house, 'POST', `/v1/${PHONE_NUMBER_ID}/messages`, {
        messaging_product: 'whatsapp',
        to: `+${CUSTOMER}`,
        type: 'document',
        document: { id, filename: 'besar.pdf' },
      });
      expect(sent.data.status).not.toBe('failed');
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);

      await simulator(house, `/phones/${CUSTOMER}/send`, {
        type: 'document',
        document: { size: LARGE, mime_type: 'application/pdf', filename: 'kiriman.pdf' },
      });
      const message = await until(
        'the document',
        async () => {
          const { data } = await ask(house, 'GET', '/v1/messages?direction=inbound');
          return data[0]?.media_status === 'ready' && data[0];
        },
        120_000,
      );
      const url = message.media_url.replace('http://kurir.example.com', house.url);
      const response = await fetch(url);
      const sum = createHash('sha256');
      for await (const chunk of response.body ?? []) sum.update(chunk);
      expect(sum.digest('base64')).toBe(message.document.sha256);

      const peak = peakMb(house);
      console.info(`100 MB both ways, ${place}: the gateway's memory was at most ${peak} MB`);
      expect(peak).toBeLessThan(RSS_MAX_MB);
    },
  );
});

function bucketOf({ settings }: S3Server): Record<string, string> {
  return {
    KURIR_S3_BUCKET: settings.s3Bucket ?? '',
    KURIR_S3_ENDPOINT: settings.s3Endpoint ?? '',
    KURIR_S3_ACCESS_KEY_ID: settings.s3AccessKeyId ?? '',
    KURIR_S3_SECRET_ACCESS_KEY: settings.s3SecretAccessKey ?? '',
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- looked at field by field
async function ask(house: ProcessHouse, method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(house.url + path, {
    method,
    headers: { authorization: `Bearer ${house.apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

async function simulator(house: ProcessHouse, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${house.simulatorUrl}/_sim/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBeLessThan(300);
}

/** Uploads so many bytes of a file that begins with `head`, as they are made. */
async function upload(
  house: ProcessHouse,
  head: Buffer,
  bytes: number,
): Promise<{ id: string; sha256: string; file_size: number }> {
  async function* form(): AsyncGenerator<Buffer> {
    yield Buffer.from(
      '--b\r\ncontent-disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n' +
        '--b\r\ncontent-disposition: form-data; name="file"; filename="besar.pdf"\r\ncontent-type: application/pdf\r\n\r\n',
    );
    for (let at = 0; at < bytes; at += head.length) yield head.subarray(0, Math.min(head.length, bytes - at));
    yield Buffer.from('\r\n--b--\r\n');
  }
  const response = await fetch(`${house.url}/v1/${PHONE_NUMBER_ID}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.apiKey}`, 'content-type': 'multipart/form-data; boundary=b' },
    body: Readable.toWeb(Readable.from(form())),
    duplex: 'half',
  });
  const text = await response.text();
  expect(response.status, text + house.log().slice(-3_000)).toBe(200);
  return JSON.parse(text).data;
}

function peakMb(house: ProcessHouse): number {
  const { pid } = JSON.parse(readFileSync(join(house.dataDir, 'node/runtime.json'), 'utf8'));
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_000);
}
