// Numbers whose sends fare badly without any preparation: what the caller sees, and what was taken all the same.
import { expect, test } from 'vitest';
import { systemClock } from '../src/kernel/clock.ts';
import { MAGIC_NUMBERS } from './magic-numbers.ts';
import { startSimulator, type Simulator } from './simulator.ts';
import { control, errorOf, sendText } from './testing/client.ts';
import { isSigned, startReceiver } from './testing/receiver.ts';
import { VirtualClock } from './virtual-clock.ts';

const magic = (last: string): string => `120255501${last}`;
const AT_ONCE = { sent: 0, delivered: 0, read: 0 };

/** The HTTP status, or what fetch says. */
async function attempt(simulator: Simulator, last: string): Promise<number | string> {
  const send = sendText(simulator, magic(last)).then(({ status }) => status);
  return send.catch((error: unknown) => (error instanceof Error ? error.message : 'odd'));
}

const accepted = (simulator: Simulator, last: string): number =>
  simulator.control.messages({ to: magic(last), direction: 'outbound' }).length;

test.each([
  ['80', 429],
  ['81', 502],
  ['82', 'fetch failed'],
  ['17', 500],
] as const)(
  '01%s: at first %s, taken when it is repeated, and so again for the next',
  async (last, first) => {
    await using simulator = await startSimulator();
    for (const [before, after] of [
      [0, 1],
      [1, 2],
    ]) {
      expect(await attempt(simulator, last)).toBe(first);
      expect(accepted(simulator, last)).toBe(before);
      expect(await attempt(simulator, last)).toBe(200);
      expect(accepted(simulator, last)).toBe(after);
    }
  },
);

test.each([
  ['84', 'fetch failed'],
  ['86', 'terminated'],
  ['87', 500],
  ['88', 502],
] as const)('01%s: taken, and yet %s', async (last, answer) => {
  await using simulator = await startSimulator();
  expect(await attempt(simulator, last)).toBe(answer);
  expect(accepted(simulator, last)).toBe(1);
});

test('0180 names the limit and the time to wait', async () => {
  await using simulator = await startSimulator();
  const answer = await sendText(simulator, magic('80'));
  expect([errorOf(answer)['code'], answer.headers.get('retry-after')]).toEqual([130429, '1']);
});

test.each([
  ['19', 1],
  ['85', 1],
  ['83', 0],
])('01%s: no answer for now; %i taken', async (last, count) => {
  const clock = new VirtualClock(systemClock);
  clock.set(0);
  await using simulator = await startSimulator({ clock });
  const caller = attempt(simulator, last);
  await expect.poll(() => simulator.control.calls()).toMatchObject([{ ended_ms: null }]);
  expect(accepted(simulator, last)).toBe(count);
  await clock.advance(3000, async () => undefined);
  if (last === '19') expect(await caller).toBe(200);
  else expect(simulator.control.calls()).toMatchObject([{ ended_ms: null }]);
});

test('0191 to 0193: statuses a minute late, never, and forged', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({ callbackUrl: receiver.url, statusDelaysMs: AT_ONCE });
  simulator.control.setClock({ mode: 'frozen' });
  await attempt(simulator, '91');
  await attempt(simulator, '92');
  await simulator.control.settled();
  expect(receiver.heard).toHaveLength(0);
  await simulator.control.advance({ by: '1m' });
  expect(receiver.statuses().map((one) => one['recipient_id'])).toEqual([magic('91'), magic('91')]);
  await attempt(simulator, '93');
  await receiver.until(4);
  expect(receiver.heard.map((one) => isSigned(one))).toEqual([true, true, false, false]);
});

test('all of them are listed, each once', async () => {
  await using simulator = await startSimulator();
  const data = (await control(simulator, 'GET /magic-numbers')).json['data'] as { phone: string }[];
  expect(data).toHaveLength(MAGIC_NUMBERS.length);
  expect(new Set(data.map((one) => one.phone)).size).toBe(MAGIC_NUMBERS.length);
  expect(data).toContainEqual({ phone: '+12025550184', does: 'taken; the connection is reset' });
});
