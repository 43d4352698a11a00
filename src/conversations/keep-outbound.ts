// Whom the business writes to: conversations and contacts appear with the first message that is accepted for them, and say when the business
// last wrote. Written down beside the send, never on its way: what is lost with this process is told again by the statuses of the message.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Timer } from '../kernel/clock.ts';
import { isOutage, levelOf } from '../storage/db.ts';
import { isId } from '../kernel/ids.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { eventsOfMet, wantsMet, type Met, type MetParts } from './tell-met.ts';
import { keepOutbound, type MadeByWriting, type WrittenTo } from './outbound-store.ts';

/** At once, in a transaction of whoever keeps the messages. */
export { keepOutbound, type MadeByWriting, type WrittenTo } from './outbound-store.ts';

export interface OutboundKeeper {
  /** A message was accepted in a conversation that is not there. */
  accepted(to: Omit<WrittenTo, 'sent'>): void;
  /** Meta took a message. */
  sent(to: Omit<WrittenTo, 'sent'>): void;
  /** Writes what is left, if that can be. */
  stop(): Promise<void>;
}

/** What a burst to one customer tells is one row. */
const COLLECT_MS = 500;
const AGAIN_MS = 2_000;
/** Far more than are written to between two writes. */
const KNOWN_MAX = 50_000;

export function createOutboundKeeper(ctx: Context, parts: MetParts): OutboundKeeper {
  const waiting = new Map<string, WrittenTo>();
  /** When what is written down says that the business last wrote. */
  const known = new Map<string, number>();
  const keeping = createGroupCommit<WrittenTo, void>({
    async write(rows) {
      await keep(ctx, parts, rows);
      return rows.map(() => undefined);
    },
    maxRows: 500,
  });
  let stopped = false;
  let timer: { due: number; timer: Timer } | undefined;

  function add(row: WrittenTo, withinMs: number): void {
    const name = nameOf(row);
    const before = waiting.get(name);
    if (!before && waiting.size >= KNOWN_MAX) return;
    waiting.set(name, before ? later(before, row) : row);
    const due = ctx.clock.monotonic() + withinMs;
    if (timer && timer.due <= due) return;
    timer?.timer.cancel();
    timer = { due, timer: ctx.clock.after(withinMs, () => void write()) };
  }

  async function write(): Promise<void> {
    timer?.timer.cancel();
    timer = undefined;
    const rows = [...waiting.values()];
    waiting.clear();
    await Promise.all(
      rows.map(async (row) => {
        try {
          await keeping.add(row);
          if (row.sent) remember(known, row);
        } catch (error) {
          ctx.log[levelOf(error)]({ err: error }, 'whom a message went to could not be written down');
          if (isOutage(error) && !stopped) add(row, AGAIN_MS);
        }
      }),
    );
  }

  return {
    accepted: (to) => add({ ...to, sent: false }, 0),
    sent(to) {
      if ((known.get(nameOf(to)) ?? 0) < to.at) add({ ...to, sent: true }, COLLECT_MS);
    },
    stop() {
      stopped = true;
      return write();
    },
  };
}

// In one transaction with what is told of it, where somebody wants to hear.
async function keep(ctx: Context, parts: MetParts, rows: readonly WrittenTo[]): Promise<void> {
  if (!rows.some((row) => wantsMet(parts.teller, row.organisationId))) {
    await keepOutbound(ctx.db, rows);
    return;
  }
  await writeAndTell({ db: ctx.db, teller: parts.teller, hot: true }, async (tx) => {
    const made = await keepOutbound(tx, rows);
    const events = await eventsOfMet(ctx, parts, {
      tx,
      met: made.map((one) => metByWriting(one, 'outbound')),
    });
    return { result: undefined, events };
  });
}

/** What was made, for those who hear of it. */
export function metByWriting(
  { id, organisationId, phoneNumberId }: MadeByWriting,
  source: 'outbound' | 'phone_app',
): Met {
  const about = { organisationId, phoneNumberId };
  return isId('ctc', id)
    ? { ...about, contact: { id, isNew: true, source } }
    : { ...about, newConversationId: id };
}

function nameOf({ phoneNumberId, conversation }: Pick<WrittenTo, 'phoneNumberId' | 'conversation'>): string {
  return `${phoneNumberId}/${conversation}`;
}

function later(one: WrittenTo, other: WrittenTo): WrittenTo {
  if (one.sent !== other.sent) return one.sent ? one : other;
  return one.at >= other.at ? one : other;
}

function remember(known: Map<string, number>, row: WrittenTo): void {
  const name = nameOf(row);
  const at = Math.max(known.get(name) ?? 0, row.at);
  known.delete(name);
  known.set(name, at);
  for (const oldest of known.keys()) {
    if (known.size <= KNOWN_MAX) break;
    known.delete(oldest);
  }
}
