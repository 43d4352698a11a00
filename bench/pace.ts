// The cell of the pace, by the simulator's own ledger: three numbers with five thousand messages queued each, and a fourth that is idle
// but for a send that waits every 200 ms.
import { setTimeout } from 'node:timers/promises';

import { startBeforeSimulator, type BeforeSimulator } from './before-simulator.ts';
import type { Cell } from './cell.ts';
import { judge } from './figures.ts';
import { text } from './report.ts';
import { EVERYBODY, numberAt } from './setting.ts';

const BUSY = 3;
const QUEUED = 5_000;
/** Since all are queued. */
const SETTLED_MS = 5_000;
const MEASURED_MS = 45_000;
const IDLE_PER_SECOND = 5;
const PACE_REFUSED = '130429';

export const pace: Cell = {
  name: 'pace',
  about: 'three numbers at 80/s with 5 000 queued each, and an idle one (real simulator, a minute)',
  async *run(stage) {
    await using before = await startBeforeSimulator(stage, BUSY + 1);
    const numbers = { ...EVERYBODY, of: BUSY + 1 };
    await before.send({
      request: 'accept',
      // Nobody of whom the idle number's customers are, and each gets one message.
      audience: { ...numbers, count: BUSY, from: EVERYBODY.from + 100_000, recipients: 100_000 },
      messages: BUSY * QUEUED,
    });
    await setTimeout(SETTLED_MS);
    const from = Date.now();
    const idle = await before.send({
      request: 'send',
      audience: { ...numbers, first: BUSY, count: 1 },
      messages: (MEASURED_MS / 1_000) * IDLE_PER_SECOND,
      perSecond: IDLE_PER_SECOND,
    });
    const { leastPerSecond, most, refused, lines } = await ledger(before, from);
    yield {
      cell: 'pace',
      text: [
        `pace: by the simulator’s ledger, over ${MEASURED_MS / 1_000} s`,
        ...lines,
        `idle number: answered in ${text(idle.answerP50Ms, 1)} ms (p50), ${text(idle.answerP99Ms, 1)} ms (p99)`,
      ].join('\n'),
      json: { leastPerSecond, most, refused, idle },
      verdicts: [
        judge('pace', 'paceMean', leastPerSecond),
        judge('pace', 'paceMost', most),
        judge('pace', 'paceRefused', refused),
        judge('pace', 'paceIdle', idle.answerP99Ms),
      ],
    };
  },
};

/** The most and the refusals of the whole run, the mean since `from`. */
async function ledger(
  before: BeforeSimulator,
  from: number,
): Promise<{ leastPerSecond: number; most: number; refused: number; lines: string[] }> {
  const busy = Array.from({ length: BUSY }, (_, i) => numberAt(i).phoneNumberId);
  const whole = await before.statistics({});
  const since = await before.statistics({ from, to: from + MEASURED_MS });
  const least = since
    .filter((one) => busy.includes(one.phone_number_id))
    .map((one) => (one.least_in_10s ?? 0) / 10);
  if (least.length < BUSY) throw new Error(`Only ${least.length} of ${BUSY} numbers sent.`);
  return {
    leastPerSecond: Math.min(...least),
    most: Math.max(...whole.map((one) => one.most_in_1s)),
    refused: whole.reduce((sum, one) => sum + (one.codes[PACE_REFUSED] ?? 0), 0),
    lines: whole.map(
      (one) =>
        `${one.phone_number_id}: ${one.calls} calls, at most ${one.most_in_1s} in a second, overlapping ${one.overlapping}, refusals ${JSON.stringify(one.codes)}`,
    ),
  };
}
