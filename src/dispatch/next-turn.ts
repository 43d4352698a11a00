// Whose turn it is among the lines of a lane: weighted, so that who waits goes before `normal` and `normal` before `bulk`, and none starves.
import type { Ready } from './dispatch-store.ts';

/** Of 29 turns: high, waited for, normal, bulk. */
const WEIGHTS = [16, 8, 4, 1];
/** Coprime to every sum of weights: consecutive turns are spread over the lines. */
const STRIDE = 7;
let turns = 0;

/** Takes the next one out of what is ready (sorted by line, oldest first within it). */
export function nextTurn(ready: Ready[]): Ready | undefined {
  const first = ready[0];
  if (!first || ready.at(-1)?.line === first.line) return ready.shift();
  turns = (turns + 1) % 1_000_000;
  const lines = [...new Set(ready.map((row) => row.line))];
  const favoured = pick(lines, turns);
  const at = ready.findIndex((row) => row.line === favoured);
  return ready.splice(Math.max(0, at), 1)[0];
}

function pick(lines: readonly number[], turn: number): number | undefined {
  const sum = lines.reduce((total, line) => total + (WEIGHTS[line] ?? 1), 0);
  let place = (turn * STRIDE) % sum;
  for (const line of lines) {
    place -= WEIGHTS[line] ?? 1;
    if (place < 0) return line;
  }
  return lines[0];
}
