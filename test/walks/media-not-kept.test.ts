// Media that the gateway cannot keep: its disk is full, say.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

import { examineMedia } from '../../src/cli/examine-media.ts';
import { createLog } from '../../src/kernel/log.ts';
import { startHouse, until } from '../support/house.ts';
import { startMediaAtMeta } from '../support/media-at-meta.ts';
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
