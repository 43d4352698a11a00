// Both places for the bytes of media do the same: whole or not at all, in parts, gone when deleted.
import { randomBytes, createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { startS3Server, type S3Server } from '../../test/support/s3-server.ts';
import { newId } from '../kernel/ids.ts';
import { createMediaFiles } from './create-files.ts';
import type { MediaFiles, MediaKey } from './media-files.ts';

const NO_BUCKET = {
  s3Bucket: undefined,
  s3Endpoint: undefined,
  s3Region: 'us-east-1',
  s3AccessKeyId: undefined,
  s3SecretAccessKey: undefined,
};

let folder: string;
let s3: S3Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kurir-files-'));
  s3 = await startS3Server();
});

afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function newKey(): MediaKey {
  return { organisationId: newId('org', Date.now()), id: newId('med', Date.now()) };
}

async function read(files: MediaFiles, key: MediaKey, part?: { first: number; last: number }) {
  const bytes = await files.open(key, part);
  return bytes && Buffer.concat(await bytes.toArray());
}

/** So many bytes in chunks, and then, if told so, a fault. */
async function* bytesThen(total: Buffer, fault?: Error) {
  for (let at = 0; at < total.length; at += 65_536) yield total.subarray(at, at + 65_536);
  if (fault) throw fault;
}

describe.each([
  ['a folder', () => createMediaFiles({ mediaDir: folder, ...NO_BUCKET })],
  ['a bucket', () => createMediaFiles({ mediaDir: folder, ...s3.settings })],
])('%s', (_, open) => {
  let files: MediaFiles;
  beforeAll(() => void (files = open()));
  afterAll(() => files.close());

  test.each([0, 1, 100_000, 12_000_000])('gives back %i bytes', async (size) => {
    const key = newKey();
    const bytes = randomBytes(size);
    await files.put(key, Readable.from(bytesThen(bytes)));
    const found = await read(files, key);
    expect(found?.length).toBe(size);
    expect(sum(found)).toBe(sum(bytes));
  });

  test('gives a part', async () => {
    const key = newKey();
    await files.put(key, Readable.from([Buffer.from('Selamat pagi')]));
    expect(String(await read(files, key, { first: 8, last: 10 }))).toBe('pag');
    expect(String(await read(files, key, { first: 11, last: 11 }))).toBe('i');
  });

  test('keeps nothing of a stream that breaks, however much had come', async () => {
    for (const size of [1_000, 11_000_000]) {
      const key = newKey();
      const broken = Readable.from(bytesThen(randomBytes(size), new Error('cut off')));
      await expect(files.put(key, broken)).rejects.toThrow('cut off');
      expect(await read(files, key)).toBeUndefined();
    }
  });

  test('a stream that breaks leaves what was there', async () => {
    const key = newKey();
    await files.put(key, Readable.from([Buffer.from('before')]));
    const broken = Readable.from(bytesThen(randomBytes(1_000), new Error('cut off')));
    await expect(files.put(key, broken)).rejects.toThrow('cut off');
    expect(String(await read(files, key))).toBe('before');
  });

  test('what is deleted is gone, and may be deleted again', async () => {
    const key = newKey();
    await files.put(key, Readable.from([Buffer.from('once')]));
    await files.delete(key);
    await files.delete(key);
    expect(await read(files, key)).toBeUndefined();
  });

  test('no path of a caller’s becomes a path here', async () => {
    const { organisationId } = newKey();
    for (const id of ['../../../etc/passwd', 'med_', 'med_../../../../../etc/passwd', ''])
      await expect(async () => files.open({ organisationId, id })).rejects.toThrow('no key');
  });
});

test('a folder keeps no half of a file beside it', async () => {
  const names = await readdir(folder, { recursive: true });
  expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('what a killed process left half written in a folder goes with its medium, or when it is a day old', async () => {
  const halves = await mkdtemp(join(tmpdir(), 'kurir-halves-'));
  const files = createMediaFiles({ mediaDir: halves, ...NO_BUCKET });
  const names = async () =>
    (await readdir(halves, { recursive: true })).filter((name) => name.endsWith('.part'));
  const hourAgo = Date.now() - 3_600_000;
  try {
    await files.deleteBrokenOff(hourAgo);
    const [erased, old, young] = [newKey(), newKey(), newKey()];
    const writing = [erased, old, young].map((key) => {
      const bytes = new PassThrough();
      bytes.write('half');
      return { bytes, put: files.put(key, bytes).catch(() => undefined) };
    });
    await vi.waitFor(async () => expect(await names()).toHaveLength(3));
    await files.delete(erased);
    const left = await names();
    expect(left).toHaveLength(2);
    for (const name of left.filter((one) => one.includes(old.id)))
      await utimes(join(halves, name), new Date(0), new Date(0));
    await files.deleteBrokenOff(hourAgo);
    expect(await names()).toEqual(left.filter((one) => one.includes(young.id)));
    for (const { bytes } of writing) bytes.end();
    await Promise.all(writing.map(({ put }) => put));
    expect(String(await read(files, young))).toBe('half');
    expect(await names()).toEqual([]);
  } finally {
    await rm(halves, { recursive: true });
  }
});

test('a wrong key of the bucket is refused', async () => {
  const files = createMediaFiles({ mediaDir: folder, ...s3.settings, s3SecretAccessKey: 'wrong' });
  await expect(files.put(newKey(), Readable.from([Buffer.from('x')]))).rejects.toThrow(/signature/i);
  files.close();
});

function sum(bytes: Buffer | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}
