// What is taken from lines: the first of each, or, where a line collects, all that go out together as one body.
import type { Queryable } from '../storage/db.ts';
import type { Job } from './delivery.ts';
import type { Taken } from './taken.ts';
import { fixTaken, selectStanding, settleLines, takeLines, type HeldLine } from './line-store.ts';
import type { Tellings } from './telling.ts';
import { toJob } from './to-job.ts';

interface Wanted {
  subscriptions: readonly { organisationId: string; id: string; room: number }[];
  now: number;
  leaseUntil: number;
  holder: number;
  heldUntil: number;
}

export async function takeFromLines(db: Queryable, tellings: Tellings, wanted: Wanted): Promise<Job[]> {
  const held = await takeLines(db, wanted);
  if (held.length === 0) return [];
  const standing = Map.groupBy(await selectStanding(db, held), placeOf);
  const filled = held.flatMap((line) => {
    const [first, ...others] = standing.get(placeOf(line)) ?? [];
    return first ? [{ line, together: togetherOf(tellings, line, [first, ...others]) }] : [];
  });
  // What stood there was erased, or dropped with its day.
  const empty = held.filter((line) => !standing.has(placeOf(line)));
  if (empty.length > 0)
    await settleLines(
      db,
      empty.map((line) => ({ ...line, turn: line.takenTurn ?? line.lastTurn, dueAt: null })),
      wanted.now,
    );
  const toFix = filled.filter(({ line }) => line.waitMs > 0 && line.takenTurn === null);
  if (toFix.length > 0)
    await fixTaken(
      db,
      toFix.map(({ line, together }) => ({ ...line, takenTurn: lastTurnOf(together) })),
    );
  return filled.map(({ line, together }) =>
    lineJob(tellings, { line, together, heldUntil: wanted.heldUntil }),
  );
}

function placeOf({ subscriptionId, conversation }: Pick<Taken, 'subscriptionId' | 'conversation'>): string {
  return `${subscriptionId} ${conversation}`;
}

type Together = readonly [Taken, ...Taken[]];

// Customers' messages in the words of one dialect are collected; anything else in such a line goes out alone.
function togetherOf(tellings: Tellings, line: HeldLine, standing: Together): Together {
  const [first, ...others] = standing;
  if (!isCollected(tellings, line, first)) return [first];
  const end = others.findIndex((one) => one.type !== first.type || one.dialect !== first.dialect);
  return [first, ...(end === -1 ? others : others.slice(0, end))];
}

function isCollected(tellings: Tellings, line: HeldLine, first: Taken): boolean {
  return line.waitMs > 0 && first.type === 'message.received' && tellings[first.dialect].batch !== undefined;
}

function lastTurnOf(together: Together): number {
  return together.at(-1)?.turn ?? 0;
}

function lineJob(
  tellings: Tellings,
  { line, together, heldUntil }: { line: HeldLine; together: Together; heldUntil: number },
): Job {
  const [first, ...others] = together;
  const turn = lastTurnOf(together);
  const { conversation, leaseUntil } = line;
  const job = { ...toJob(first, heldUntil), line: { conversation, turn, leaseUntil } };
  const render = isCollected(tellings, line, first) ? tellings[first.dialect].batch : undefined;
  if (!render) return job;
  const bodies = together.map((one) => one.body);
  const body = render(bodies, {
    name: first.name,
    conversationId: conversation,
    windowMs: line.waitMs,
    firstSequence: first.turn ?? 0,
    lastSequence: turn,
  });
  const rest = others.map(({ id, createdAt }) => ({ id, createdAt }));
  return { ...job, rows: [job.rows[0], ...rest], batch: together.length, body };
}
