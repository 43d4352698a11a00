// A ledger that cannot be written for a while: no send is taken meanwhile, nothing else is lost, and it goes on by itself.
import type * as Fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { startSimulator } from './simulator.ts';
import { send, wamidOf } from './testing/client.ts';

const disk = vi.hoisted(() => ({ full: false }));

// A full disk takes half a line and then says no.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const appendFileSync: typeof fs.appendFileSync = (file, text, options) => {
    if (!disk.full) return fs.appendFileSync(file, text, options);
    fs.appendFileSync(file, String(text).slice(0, 10));
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  return { ...fs, appendFileSync };
});

const ledgerDir = mkdtempSync(join(tmpdir(), 'simulator-'));

afterEach(() => {
  disk.full = false;
  rmSync(ledgerDir, { recursive: true });
});

function facts(): Record<string, unknown>[] {
  const lines = readFileSync(join(ledgerDir, 'ledger.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

test('a full disk: sends are answered 503 and not taken, statuses go on, and all is kept when there is room', async () => {
  const settings = { ledgerDir, windowEnforced: false, statusDelaysMs: { sent: 50, delivered: 0, read: 0 } };
  const simulator = await startSimulator(settings);
  const earlier = wamidOf(await send(simulator, { text: { body: 'earlier' } }));
  disk.full = true;
  const refused = await send(simulator, { text: { body: 'refused' } });
  expect(refused.status).toBe(503);
  expect(refused.json).toMatchObject({
    error: { code: 2, error_data: { details: expect.stringMatching(/disk full/) } },
  });
  // On its way all the same.
  await vi.waitFor(() =>
    expect(simulator.control.messages({})).toMatchObject([{ id: earlier, status: 'delivered' }]),
  );
  expect(facts().map((fact) => fact['fact'])).not.toContain('status');
  disk.full = false;
  const later = wamidOf(await send(simulator, { text: { body: 'later' } }));
  const about = (wamid: string): unknown[] => facts().filter((fact) => fact['wamid'] === wamid);
  expect(about(earlier)).toMatchObject([{ fact: 'send' }, { status: 'sent' }, { status: 'delivered' }]);
  expect(about(later)).toMatchObject([{ fact: 'send' }]);
  await simulator.close();
  await using again = await startSimulator(settings);
  expect(again.control.messages({})).toHaveLength(2);
});
