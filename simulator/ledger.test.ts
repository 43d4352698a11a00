// The ledger: each send stands in it before its answer leaves, and a simulator that starts on it goes on where the last one
// stopped, however it stopped.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { part, word } from './json-parts.ts';
import type { SimulatorSettings } from './settings.ts';
import { startSimulator } from './simulator.ts';
import { graph, NUMBER, send, sendText, TOKEN, WABA, wamidOf } from './testing/client.ts';
import { startReceiver } from './testing/receiver.ts';

const dirs: string[] = [];

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

function settingsWith(more: SimulatorSettings): SimulatorSettings & { ledgerDir: string } {
  const ledgerDir = mkdtempSync(join(tmpdir(), 'simulator-'));
  dirs.push(ledgerDir);
  return { windowEnforced: false, statusDelaysMs: { sent: 0, delivered: 0, read: 0 }, ...more, ledgerDir };
}

function linesOf(dir: string): { fact: string; [key: string]: unknown }[] {
  const text = readFileSync(join(dir, 'ledger.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { fact: string });
}

test('a send is in the ledger when its answer is there: token, wamid, and whether the answer left', async () => {
  const settings = settingsWith({});
  await using simulator = await startSimulator(settings);
  const answer = await send(simulator, { text: { body: 'x' }, biz_opaque_callback_data: 'k1.a' });
  expect(linesOf(settings.ledgerDir)).toContainEqual(
    expect.objectContaining({
      fact: 'send',
      wamid: wamidOf(answer),
      token: 'k1.a',
      phone: '628111111111',
      reply: 'sent',
    }),
  );
  simulator.control.putFault({ effect: { kind: 'lost_answer', how: 'reset' }, times: 1 });
  await expect(send(simulator, { text: { body: 'x' }, biz_opaque_callback_data: 'k1.b' })).rejects.toThrow(
    'fetch failed',
  );
  await send(simulator, { text: {}, biz_opaque_callback_data: 'k1.c' });
  const lines = linesOf(settings.ledgerDir);
  expect(lines).toContainEqual(expect.objectContaining({ fact: 'send', token: 'k1.b', reply: 'reset' }));
  expect(lines).toContainEqual(
    expect.objectContaining({ fact: 'refused', token: 'k1.c', code: 100, http: 400, reply: 'sent' }),
  );
});

test('after a restart: messages, statuses to come, and webhooks that were not answered', async () => {
  await using receiver = await startReceiver();
  receiver.answers = [503];
  const settings = settingsWith({
    callbackUrl: receiver.url,
    statusDelaysMs: { sent: 0, delivered: 3_600_000, read: 0 },
    webhookRetryMs: [60_000, 60_000],
  });
  const first = await startSimulator(settings);
  first.control.setOnline('628222222222', false);
  const wamid = wamidOf(await sendText(first));
  const offline = wamidOf(await sendText(first, '628222222222'));
  await first.control.settled();
  expect(receiver.statuses().map((one) => one['status'])).toEqual(['sent', 'sent']);
  await first.close();

  await using second = await startSimulator(settings);
  // The one that got 503 comes again, with the same content.
  await receiver.until(3);
  expect(receiver.heard[2]?.value).toEqual(receiver.heard[0]?.value);
  expect(second.control.messages({ id: wamid })).toMatchObject([{ status: 'sent' }]);
  await second.control.advance({ by: '1h' });
  expect(receiver.statuses().at(-1)).toMatchObject({ id: wamid, status: 'delivered' });
  expect(second.control.messages({ id: offline })).toMatchObject([{ status: 'sent' }]);
  expect(receiver.heard).toHaveLength(4);
});

test('after a restart: phones, windows, media, templates, subscriptions and the clock', async () => {
  const settings = settingsWith({ windowEnforced: true });
  const first = await startSimulator(settings);
  first.control.createPhone({ phone: '628333333333', name: 'Dewi', auto_read: true });
  const { id } = first.control.send('628333333333', { type: 'image', image: {} });
  await graph(first, `POST /v24.0/${NUMBER}/messages`, {
    body: { messaging_product: 'whatsapp', status: 'read', message_id: id },
  });
  first.control.putTemplate({
    name: 'hi',
    language: 'en',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hi' }],
  });
  await graph(first, `DELETE /v24.0/${WABA}/subscribed_apps`);
  await first.control.advance({ by: '2h' });
  const [before] = first.control.messages({ id });
  const now = Date.parse(first.control.clock().now);
  await first.close();

  await using second = await startSimulator(settings);
  expect(second.control.messages({ id })).toEqual([before]);
  expect(second.control.phone('628333333333')).toMatchObject({
    name: 'Dewi',
    auto_read: true,
    window_open: { [NUMBER]: true },
  });
  expect(second.control.templates()).toMatchObject([{ name: 'hi', status: 'APPROVED' }]);
  expect((await graph(second, `GET /v24.0/${WABA}/subscribed_apps`)).text).toBe('{"data":[]}');
  expect(Date.parse(second.control.clock().now)).toBeGreaterThanOrEqual(now);
  expect(Date.parse(second.control.clock().now) - now).toBeLessThan(60_000);
  const located = await graph(second, `GET /v24.0/${word(part(before?.payload ?? {}, 'image')['id'])}`);
  const bytes = await fetch(word(located.json['url']), { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(bytes.headers.get('content-type')).toBe('image/png');
});

test('a callback given at the start goes before one that was set in an earlier run', async () => {
  const settings = settingsWith({});
  const first = await startSimulator(settings);
  first.control.setWebhooks({ url: 'http://127.0.0.1:1/first' });
  await first.close();
  const second = await startSimulator(settings);
  expect(second.control.webhooks().callback_url).toBe('http://127.0.0.1:1/first');
  await second.close();
  await using third = await startSimulator({ ...settings, callbackUrl: 'http://127.0.0.1:1/third' });
  expect(third.control.webhooks().callback_url).toBe('http://127.0.0.1:1/third');
});

test('half a line at the end, left by a kill, is cut off; the rest counts', async () => {
  const settings = settingsWith({});
  const first = await startSimulator(settings);
  const wamid = wamidOf(await sendText(first));
  await first.control.settled();
  await first.close();
  appendFileSync(join(settings.ledgerDir, 'ledger.jsonl'), '{"fact":"status","at":17');
  const second = await startSimulator(settings);
  expect(second.control.messages({ id: wamid })).toHaveLength(1);
  await sendText(second);
  await second.close();
  await using third = await startSimulator(settings);
  expect(third.control.messages({ direction: 'outbound' })).toHaveLength(2);
});

test('a line that is no fact stops the start, and names the file', async () => {
  const settings = settingsWith({});
  appendFileSync(join(settings.ledgerDir, 'ledger.jsonl'), 'hello\n');
  await expect(startSimulator(settings)).rejects.toThrow('ledger.jsonl has a line that is no fact');
});

test('a seed is told once in the life of a ledger; who keeps the window open writes again when it has closed', async () => {
  await using receiver = await startReceiver();
  const settings = settingsWith({
    callbackUrl: receiver.url,
    windowEnforced: true,
    phones: [{ phone: '628111111111', wroteMsAgo: 60_000, keepsWindowOpen: true }],
  });
  const first = await startSimulator(settings);
  await receiver.until(1);
  await first.control.settled();
  await first.close();
  const second = await startSimulator(settings);
  await second.control.advance({ by: '25h' });
  expect(second.control.phone('628111111111').window_open).toEqual({ [NUMBER]: false });
  expect(receiver.heard).toHaveLength(1);
  await second.close();
  await using third = await startSimulator(settings);
  await receiver.until(2);
  expect(third.control.phone('628111111111').window_open).toEqual({ [NUMBER]: true });
});

test('the same seed gives the same ids; a restart on a ledger gives new ones', async () => {
  const settings = { ...settingsWith({}), seed: 7 };
  const first = await startSimulator(settings);
  const one = wamidOf(await sendText(first));
  await first.close();
  await using second = await startSimulator(settings);
  expect(wamidOf(await sendText(second))).not.toBe(one);
  await using fresh = await startSimulator({ ...settings, ledgerDir: null });
  expect(wamidOf(await sendText(fresh)).length).toBe(one.length);
});

test('a ledger that has grown long is written anew at a start, without what the world has forgotten', async () => {
  await using receiver = await startReceiver();
  const settings = settingsWith({ callbackUrl: receiver.url, windowEnforced: true, keepMessages: 10 });
  const first = await startSimulator(settings);
  first.control.send('628999999999', { type: 'text', text: 'Halo' });
  first.control.createPhone({ phone: '628111111111', window: 'open', auto_read: true });
  await first.control.settled();
  for (let i = 0; i < 25; i++) await sendText(first, '628111111111', `Pesan ${i}`);
  await sendText(first, '12025550181');
  await first.control.settled();
  const before = first.control.messages();
  const told = receiver.heard.length;
  await first.close();
  const long = linesOf(settings.ledgerDir);

  const second = await startSimulator(settings);
  const short = linesOf(settings.ledgerDir);
  expect(short.filter((one) => one.fact === 'send')).toHaveLength(10);
  expect(long.filter((line) => short.some((kept) => isDeepStrictEqual(kept, line)))).toEqual(short);
  await second.close();

  // What was left out is not missed.
  await using third = await startSimulator(settings);
  const { seq: _, ...latest } = before.at(-1) ?? {};
  expect(third.control.messages().at(-1)).toMatchObject(latest);
  expect(third.control.messages().map((one) => one.id)).toEqual(before.map((one) => one.id));
  expect(third.control.phone('628999999999').window_open).toEqual({ [NUMBER]: true });
  await third.control.settled();
  expect(receiver.heard).toHaveLength(told);
  expect((await sendText(third, '12025550181')).status).toBe(200);
});
