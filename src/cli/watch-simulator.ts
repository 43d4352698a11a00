// Looks whether the simulator of development mode still answers: without it nothing is sent, and only the attempts would say so.
import { systemClock, type Timer } from '../kernel/clock.ts';
import { isSimulator } from './simulator-process.ts';

const LOOK_MS = 2_000;
/** One look in vain may be a busy computer. */
const MISSES = 2;

/** Calls `tell` once each time that it stays away; returns what ends the watch. */
export function watchSimulator(url: string, tell: () => void): () => void {
  let misses = 0;
  let ended = false;
  let timer: Timer;
  const again = (): void => {
    timer = systemClock.after(LOOK_MS, () => void look());
  };
  async function look(): Promise<void> {
    misses = (await isSimulator(url)) ? 0 : misses + 1;
    if (ended) return;
    if (misses === MISSES) tell();
    again();
  }
  again();
  return () => {
    ended = true;
    timer.cancel();
  };
}
