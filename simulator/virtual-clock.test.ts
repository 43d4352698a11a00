// The simulator's clock on top of another one: order, jumps, standing still, other speeds.
import { expect, test } from 'vitest';
import type { Clock } from '../src/kernel/clock.ts';
import { VirtualClock } from './virtual-clock.ts';

// A clock below that only moves when told to.
function manualClock(): Clock & { move(ms: number): void } {
  let now = 1_000_000;
  let timers: { at: number; act: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    after(delayMs, act) {
      const timer = { at: now + delayMs, act };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((one) => one !== timer)) };
    },
    move(ms) {
      now += ms;
      const due = timers.filter((one) => one.at <= now).toSorted((one, other) => one.at - other.at);
      timers = timers.filter((one) => one.at > now);
      for (const { act } of due) act();
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();

test('runs as the clock below, and fires when that one moves', () => {
  const below = manualClock();
  const clock = new VirtualClock(below);
  const fired: number[] = [];
  clock.after(100, () => fired.push(100));
  clock.after(50, () => fired.push(50));
  clock.after(70, () => fired.push(70)).cancel();
  below.move(60);
  expect([fired, clock.now()]).toEqual([[50], 1_000_060]);
  below.move(60);
  expect(fired).toEqual([50, 100]);
  expect(clock.nextAt()).toBeNull();
});

test('a jump fires everything on its way in order, each at its own moment, waiting for what it sets off', async () => {
  const clock = new VirtualClock(manualClock());
  clock.set(0);
  const start = clock.now();
  const seen: [string, number][] = [];
  clock.after(2000, () => seen.push(['b', clock.now() - start]));
  clock.after(1000, () => {
    seen.push(['a', clock.now() - start]);
    clock.after(500, () => seen.push(['a+', clock.now() - start]));
  });
  clock.after(3001, () => seen.push(['late', 0]));
  let settlings = 0;
  const fired = await clock.advance(3000, async () => {
    settlings++;
    await nothing();
  });
  expect(seen).toEqual([
    ['a', 1000],
    ['a+', 1500],
    ['b', 2000],
  ]);
  expect([fired, settlings, clock.now() - start]).toEqual([3, 4, 3000]);
});

test('jumps do not overlap', async () => {
  const clock = new VirtualClock(manualClock());
  clock.set(0);
  const start = clock.now();
  await Promise.all([clock.advance(1000, nothing), clock.advance(1000, nothing)]);
  expect(clock.now() - start).toBe(2000);
});

test('stands still, runs faster, and shows another time', () => {
  const below = manualClock();
  const clock = new VirtualClock(below);
  clock.set(0, 5_000_000);
  below.move(1000);
  expect([clock.now(), clock.mode()]).toEqual([5_000_000, 'frozen']);
  clock.set(60);
  const fired: number[] = [];
  clock.after(60_000, () => fired.push(clock.now()));
  below.move(1000);
  expect([clock.now(), clock.mode(), fired]).toEqual([5_060_000, 'scaled', [5_060_000]]);
});

test('stopped, it fires nothing', () => {
  const below = manualClock();
  const clock = new VirtualClock(below);
  clock.after(1, () => expect.unreachable());
  clock.stop();
  below.move(10);
});
