// Media that the gateway cannot keep: its disk is full, say.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

import { examineMedia } from '../../src/cli/examine-media.ts';
import { createLog } from '../../src/kernel/log.ts';
import { startHouse, until, type House } from '../support/house.ts';
import { startMediaAtMeta, type KeptThere } from '../support/media-at-meta.ts';
import { messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';

const CUSTOMER = '12025550101';

test('a place that does not take them is told of once, by log, readiness and the message, until it takes them again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-full-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mediaDir = join(folder, 'media');
  // Nothing can be made in a file.
  writeFileSync(mediaDir, '');
  const log = createLog('silent');
  const said = { error: vi.spyOn(log, 'error'), info: vi.spyOn(log, 'info') };
  const times = (at: 'error' | 'info', words: string) =>
    said[at].mock.calls.filter((call) => JSON.stringify(call).includes(words)).length;
  await using meta = await startMediaAtMeta();
  await using full = await startHouse({ config: { graphUrl: meta.url, mediaDir }, log });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { told } = meta.add(Buffer.from(`a file ${i}`));
    const message = { from: CUSTOMER, id: `wamid.kept-${i}`, timestamp, type: 'image', image: told };
    expect((await postWebhook(full, messageEnvelope([message]))).status).toBe(200);
    const listed = await full.request('GET', `/v1/messages?message_id=wamid.kept-${i}`);
    ids.push(listed.body.data[0].id);
  }
  for (const id of ids)
    await until('the failure', async () => {
      const { data } = (await full.request('GET', `/v1/messages/${id}`)).body;
      return (
        data.media_error === 'the gateway could not keep it (ENOTDIR)' && data.media_status === 'pending'
      );
    });
  const ready = await full.request('GET', '/health/ready');
  expect(ready.status).toBe(200);
  expect(ready.text).toContain('"name":"media","ok":true,"detail":"the gateway could not keep it (ENOTDIR)"');
  const [finding] = await examineMedia(full.ctx);
  expect(finding).toMatchObject({
    name: 'media',
    state: 'warning',
    says: expect.stringMatching(/^3 of .*ENOTDIR/),
  });
  expect(times('error', 'media cannot be kept')).toBe(1);
  rmSync(mediaDir);
  for (const id of ids) {
    const data = await until('it to be kept', async () => {
      await full.ctx.db.query(
        'update media set fetch_at = database_now() where fetch_at is not null and failure is not null',
      );
      await full.gateway.tick();
      const present = (await full.request('GET', `/v1/messages/${id}`)).body.data;
      return present.media_status === 'ready' && present;
    });
    expect(data).not.toHaveProperty('media_error');
  }
  expect(times('info', 'media are kept again')).toBe(1);
  expect((await full.request('GET', '/health/ready')).text).not.toContain('"media"');
  expect(await examineMedia(full.ctx)).toEqual([]);
});

test('that a file cannot be read just now is nothing to keep for a browser, and HEAD says it, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-away-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mediaDir = join(folder, 'media');
  await using meta = await startMediaAtMeta();
  await using house = await startHouse({ config: { graphUrl: meta.url, mediaDir } });
  const { told } = meta.add(Buffer.from('a file'));
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const message = { from: CUSTOMER, id: 'wamid.away', timestamp, type: 'image', image: told };
  expect((await postWebhook(house, messageEnvelope([message]))).status).toBe(200);
  const url = await until('it to be kept', async () => {
    const [data] = (await house.request('GET', '/v1/messages?message_id=wamid.away')).body.data;
    return data.media_status === 'ready' && data.media_url;
  });
  const seen = async (status: number) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(url, { method });
      await answer.arrayBuffer();
      expect([method, answer.status]).toEqual([method, status]);
      const isKept = answer.headers.get('cache-control')?.includes('max-age') ?? false;
      expect([method, isKept, answer.headers.has('etag')]).toEqual([method, status === 200, status === 200]);
    }
  };
  await seen(200);
  // A disk that fell away leaves an empty folder; one that is broken, something that cannot be read.
  renameSync(mediaDir, `${mediaDir}.away`);
  await seen(404);
  writeFileSync(mediaDir, '');
  await seen(503);
  rmSync(mediaDir);
  renameSync(`${mediaDir}.away`, mediaDir);
  await seen(200);
});

/** A customer sends it; the id of the message. */
async function receive(house: House, name: string, { told }: KeptThere): Promise<string> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const message = { from: CUSTOMER, id: `wamid.${name}`, timestamp, type: 'image', image: told };
  expect((await postWebhook(house, messageEnvelope([message]))).status).toBe(200);
  return (await house.request('GET', `/v1/messages?message_id=wamid.${name}`)).body.data[0].id;
}

/** Those of a house whose place takes nothing yet, when they wait for an hour; and one that Meta does not give. */
async function startWaiting(meta: Awaited<ReturnType<typeof startMediaAtMeta>>) {
  const folder = mkdtempSync(join(tmpdir(), 'kurir-waits-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mediaDir = join(folder, 'media');
  writeFileSync(mediaDir, '');
  const config = { graphUrl: meta.url, mediaDir };
  const house = await startHouse({ config });
  const ids: string[] = [];
  for (const name of ['one', 'two'])
    ids.push(await receive(house, name, meta.add(Buffer.from(`a file ${name}`))));
  const faults = Array.from({ length: 9 }, () => 'expired' as const);
  const ofMeta = await receive(house, 'of-meta', meta.add(Buffer.from('a file of Meta'), { faults }));
  const shown = async (id: string) => (await house.request('GET', `/v1/messages/${id}`)).body.data;
  for (const id of ids)
    await until('the failure', async () => (await shown(id)).media_error?.includes('ENOTDIR') === true);
  await until('the failure at Meta', async () => (await shown(ofMeta)).media_error !== undefined);
  // As after many tries. One that is under way would be put off for less.
  await until('none is under way', async () => {
    const rows = await house.ctx.db.query<{ failure: string | null }>(
      `update media set fetch_at = database_now() + interval '1 hour' where failure is not null returning failure`,
    );
    return rows.length === 3;
  });
  const end = () => house[Symbol.asyncDispose]();
  return { house, config, mediaDir, ids, ofMeta, shown, [Symbol.asyncDispose]: end };
}

test('what waits to be kept is fetched as soon as something is kept again; what waits for Meta waits', async () => {
  await using meta = await startMediaAtMeta();
  await using waiting = await startWaiting(meta);
  const { house, mediaDir, ids, ofMeta, shown } = waiting;
  rmSync(mediaDir);
  await receive(house, 'next', meta.add(Buffer.from('the next file')));
  for (const id of ids) await until('it to be kept', async () => (await shown(id)).media_status === 'ready');
  expect((await shown(ofMeta)).media_status).toBe('pending');
  const [row] = await house.ctx.db.query<{ due_in: number }>(
    'select extract(epoch from fetch_at - database_now())::float8 as due_in from media where fetch_at is not null',
  );
  expect(row?.due_in).toBeGreaterThan(3_000);
});

test('a gateway that starts tries at once what could not be kept before', async () => {
  await using meta = await startMediaAtMeta();
  await using waiting = await startWaiting(meta);
  const { house, config, mediaDir, ids, shown } = waiting;
  rmSync(mediaDir);
  await house.addNode({ config });
  for (const id of ids) await until('it to be kept', async () => (await shown(id)).media_status === 'ready');
});
