// Whose turn it is among the lines of a lane: weighted, so that who waits goes before `normal` and `normal` before `bulk`, and none
// starves (smooth weighted round robin: over any stretch each line that has something gets its share).
import type { Ready } from './dispatch-store.ts';

/** What is read ahead of one lane, line by line, each oldest first. */
export interface Turns {
  put(row: Ready): void;
  /** Takes the one whose turn it is. */
  next(): Ready | undefined;
  /** Takes one out, wherever it stands. */
  take(id: string): Ready | undefined;
  /** How many stand in a line. */
  inLine(line: number): number;
  readonly size: number;
}

/** high, waited for, normal, bulk: of 29 turns, when all of them have something. */
export const WEIGHTS = [16, 8, 4, 1] as const;

export function createTurns(): Turns {
  const lines = WEIGHTS.map((weight) => ({ weight, credit: 0, rows: [] as Ready[] }));
  return {
    put: (row) => void lines[row.line]?.rows.push(row),
    next() {
      let favoured = lines[0];
      let weights = 0;
      for (const line of lines) {
        // Nobody saves up turns while there is nothing to send.
        if (line.rows.length === 0) line.credit = 0;
        else {
          weights += line.weight;
          line.credit += line.weight;
          if (!favoured || favoured.rows.length === 0 || line.credit > favoured.credit) favoured = line;
        }
      }
      if (favoured) favoured.credit -= weights;
      return favoured?.rows.shift();
    },
    take(id) {
      for (const { rows } of lines) {
        const at = rows.findIndex((row) => row.id === id);
        if (at >= 0) return rows.splice(at, 1)[0];
      }
      return undefined;
    },
    inLine: (line) => lines[line]?.rows.length ?? 0,
    get size() {
      return lines.reduce((sum, line) => sum + line.rows.length, 0);
    },
  };
}
