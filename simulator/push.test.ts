// Webhooks until they are answered: retries on their schedule, order within a stream, batches, and giving up.
import { expect, test } from 'vitest';
import { META_RETRY_MS } from './settings.ts';
import { startSimulator } from './simulator.ts';
import { control as call, sendText, wamidOf } from './testing/client.ts';
import { isSigned, startReceiver } from './testing/receiver.ts';

const AT_ONCE = { sent: 0, delivered: 0, read: 0 };

test('an unanswered webhook is tried again after each wait, the same bytes, then given up', async () => {
  await using receiver = await startReceiver();
  receiver.answers = [500, 404, 301, 500];
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    webhookRetryMs: [0, 60_000, 300_000],
  });
  const { control } = simulator;
  control.setClock({ mode: 'frozen' });
  control.send('628111111111', { type: 'text', text: 'Halo' });
  await control.settled();
  expect(receiver.heard).toHaveLength(2);
  await control.advance({ by: '59s' });
  expect(receiver.heard).toHaveLength(2);
  await control.advance({ by: '1s' });
  expect(receiver.heard).toHaveLength(3);
  expect(control.webhooks().pending).toBe(1);
  await control.advance({ by: '24h' });
  expect(receiver.heard).toHaveLength(4);
  expect(new Set(receiver.heard.map((one) => one.body)).size).toBe(1);
  expect(control.webhooks().pending).toBe(0);
  expect(
    control
      .journal()
      .filter((one) => one.kind === 'webhook')
      .map((one) => one.answer),
  ).toEqual([500, 404, 301, 500]);
});

test('by default a webhook is tried for seven days', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({ callbackUrl: receiver.url });
  receiver.answers = META_RETRY_MS.map(() => 503);
  simulator.control.setClock({ mode: 'frozen' });
  simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
  await simulator.control.advance({ by: '8d' });
  expect(receiver.heard).toHaveLength(META_RETRY_MS.length + 1);
  expect(META_RETRY_MS.reduce((sum, ms) => sum + ms, 0) / 86_400_000).toBeCloseTo(6.9, 0);
});

test('a receiver that is not there counts as one that did not answer', async () => {
  const gone = await startReceiver();
  await gone[Symbol.asyncDispose]();
  await using simulator = await startSimulator({
    callbackUrl: gone.url,
    webhookRetryMs: [1000],
    windowEnforced: false,
    statusDelaysMs: AT_ONCE,
  });
  simulator.control.setClock({ mode: 'frozen' });
  await sendText(simulator);
  await simulator.control.settled();
  expect(simulator.control.journal().at(-1)).toMatchObject({ kind: 'webhook', answer: 'ECONNREFUSED' });
  expect(simulator.control.webhooks().pending).toBe(2);
});

test('a message’s statuses are posted one after the other, in order, however fast they come', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    pairLimit: null,
    throughputPerSecond: null,
    statusDelaysMs: AT_ONCE,
    phones: [{ phone: '628111111111', autoRead: true }],
  });
  const wamids = await Promise.all(Array.from({ length: 100 }, () => sendText(simulator).then(wamidOf)));
  await receiver.until(300);
  for (const wamid of wamids) {
    const told = receiver.statuses().filter((one) => one['id'] === wamid);
    expect(told.map((one) => one['status'])).toEqual(['sent', 'delivered', 'read']);
  }
});

test('batches: what is ready together leaves together, in one signed body', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    throughputPerSecond: null,
    webhookBatchSize: 1000,
    webhookConcurrency: 1,
    statusDelaysMs: { sent: 1000, delivered: 1000, read: 0 },
  });
  simulator.control.setClock({ mode: 'frozen' });
  await Promise.all(Array.from({ length: 200 }, (_, i) => sendText(simulator, `62811000${1000 + i}`)));
  await simulator.control.advance({ by: '3s' });
  expect(receiver.statuses()).toHaveLength(400);
  expect(receiver.heard.length).toBeLessThan(10);
  expect(receiver.heard.every((one) => isSigned(one))).toBe(true);
});

test('held: Meta keeps back what is new and what is to be tried again, then tells all of it', async () => {
  await using receiver = await startReceiver();
  receiver.answers = [503];
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    webhookRetryMs: [60_000],
    statusDelaysMs: AT_ONCE,
  });
  simulator.control.setClock({ mode: 'frozen' });
  await sendText(simulator);
  await simulator.control.settled();
  expect(receiver.heard).toHaveLength(2);
  expect((await call(simulator, 'PUT /webhooks', { held: true })).json).toMatchObject({ held: true });
  const wamid = wamidOf(await sendText(simulator, '628222222222'));
  await simulator.control.advance({ by: '1h' });
  expect(receiver.heard).toHaveLength(2);
  expect(simulator.control.webhooks()).toMatchObject({ held: true, pending: 3 });
  simulator.control.setWebhooks({ held: false });
  await simulator.control.settled();
  expect(simulator.control.webhooks()).toMatchObject({ callback_url: receiver.url, held: false, pending: 0 });
  const told = receiver.statuses().filter((one) => one['id'] === wamid);
  expect(told.map((one) => one['status'])).toEqual(['sent', 'delivered']);
  expect(receiver.heard).toHaveLength(5);
  expect(receiver.heard.filter((one) => one.body === receiver.heard[0]?.body)).toHaveLength(2);
});
