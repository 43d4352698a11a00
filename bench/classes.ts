// The cell of the classes, by the simulator's own ledger: how soon a high message leaves, and one that is waited for, past a hundred
// thousand of bulk on the same number.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import { startBeforeSimulator, type BeforeSimulator } from './before-simulator.ts';
import type { Cell } from './cell.ts';
import { judge } from './figures.ts';
import { text } from './report.ts';
import { EVERYBODY, numberAt, recipientAt, type Audience } from './setting.ts';
import { copyQueued } from './stored-rows.ts';

const BULK = 100_000;
/** Through the API, before the copies: more than leave at once. */
const FIRST_BULK = 500;
const SAMPLES = 12;
const BETWEEN_MS = 1_500;
const ONE: Audience = { ...EVERYBODY, count: 1, of: 1 };
const BULK_TO = EVERYBODY.from + 1_000_000;

export const classes: Cell = {
  name: 'classes',
  about: '100 000 bulk queued on a number at 80/s: when high leaves, when a waited-for normal is answered',
  async *run(stage) {
    await using before = await startBeforeSimulator(stage, 1);
    const audience = { ...ONE, from: BULK_TO, recipients: FIRST_BULK };
    await before.send({ request: 'accept', priority: 'bulk', audience, messages: FIRST_BULK });
    await stage.postgres.connect(before.running.databaseUrl, async (db) => {
      const { rows } = await db.query<{ id: string }>(
        `select id from message_states where state = 'queued' and ready_at is not null order by turn desc limit 1`,
      );
      await copyQueued(db, { model: rows[0]?.id ?? '', count: BULK, recipients: BULK_TO + FIRST_BULK });
    });
    const high: { to: string; at: number }[] = [];
    const normalMs: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      const [first, second] = [recipientAt(2 * i, ONE), recipientAt(2 * i + 1, ONE)];
      high.push({ to: first, at: Date.now() });
      await send(before, first, { 'kurir-priority': 'high', prefer: 'respond-async' });
      const askedAt = performance.now();
      await send(before, second, {});
      normalMs.push(performance.now() - askedAt);
      await setTimeout(BETWEEN_MS);
    }
    const arrived = new Map((await before.calls()).map((call) => [call.to, call.arrived_ms]));
    const highMs = high.map(({ to, at }) => (arrived.get(to) ?? Infinity) - at);
    yield {
      cell: 'classes',
      text: `classes: past ${BULK} of bulk, ${SAMPLES} samples\n${line('high left after', highMs)}\n${line('waited-for normal answered after', normalMs)}`,
      json: { highMs, normalMs },
      verdicts: [
        judge('classes', 'classHigh', Math.max(...highMs)),
        judge('classes', 'classNormal', Math.max(...normalMs)),
      ],
    };
  },
};

async function send(before: BeforeSimulator, to: string, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(`${before.url}/v1/${numberAt(0).phoneNumberId}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${before.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...headers,
    },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      to: `+${to}`,
      type: 'text',
      text: { body: 'Kode: 1' },
    }),
  });
  if (!answer.ok) throw new Error(`A send was answered ${answer.status}: ${await answer.text()}`);
}

function line(what: string, ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  return `${what} ${text(sorted[sorted.length >> 1], 0)} ms (median), ${text(sorted.at(-1), 0)} ms (slowest)`;
}
