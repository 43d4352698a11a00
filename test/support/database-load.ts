// A load of sends that goes on while the database does not, and the account at its end: whatever was accepted is at Meta once and has its
// status; whatever was refused is accepted when it is repeated with its key.
import { expect } from 'vitest';
import { pino } from 'pino';

import type { Log } from '../../src/kernel/log.ts';
import { until, type House, type Reply } from './house.ts';

export interface Load {
  /** Every answer so far, by HTTP status. */
  count(status: number): number;
  /** Answers since this was last called. */
  since(): Reply[];
  /** How many were begun, and how many of the first `of` them are answered. */
  begun(): number;
  answered(of: number): number;
  /** Begins nothing new, and repeats with their keys what was not accepted, until it is. */
  finish(): Promise<void>;
  /** Each one at Meta exactly once and delivered. */
  settled(withinMs?: number): Promise<void>;
}

interface Send {
  key: string;
  to: string;
  reply: Reply | undefined;
}

const RECIPIENTS = 40;
const LEDGER_MAX = 1_000_000;

/** Starts sends at this rate, each to one of forty customers, and keeps what each was answered. */
export function startLoad(house: House, perSecond: number): Load {
  const sends: Send[] = [];
  const underWay = new Set<Promise<void>>();
  const counts = new Map<number, number>();
  let fresh: Reply[] = [];
  const one = async (send: Send): Promise<void> => {
    const reply = await house.sendText(send.to, send.key, { 'idempotency-key': send.key });
    counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1);
    fresh.push(reply);
    send.reply = reply;
  };
  const begin = (send: Send): void => {
    const running = one(send).finally(() => underWay.delete(running));
    underWay.add(running);
  };
  const timer = setInterval(() => {
    const i = sends.length;
    const send = {
      key: `send-${i}`,
      to: `1202558${String(i % RECIPIENTS).padStart(4, '0')}`,
      reply: undefined,
    };
    sends.push(send);
    begin(send);
  }, 1_000 / perSecond);
  const open = (): Send[] => sends.filter((send) => send.reply?.status !== 200);
  return {
    count: (status) => counts.get(status) ?? 0,
    since: () => fresh.splice(0),
    begun: () => sends.length,
    answered: (of) => sends.slice(0, of).filter((send) => send.reply !== undefined).length,
    async finish() {
      clearInterval(timer);
      await Promise.all(underWay);
      await until(
        'every send to be accepted',
        async () => {
          await Promise.all(open().slice(0, 100).map(one));
          return open().length === 0;
        },
        60_000,
      );
    },
    async settled(withinMs = 30_000) {
      await until(
        `all ${sends.length} to be delivered`,
        async () => {
          const [row] = await house.ctx.db.query<{ open: number }>(
            "select count(*)::int as open from message_states where state not in ('delivered', 'read', 'failed', 'void')",
          );
          return row?.open === 0;
        },
        withinMs,
      );
      const atMeta = Map.groupBy(
        house.simulator.control.messages({ direction: 'outbound' }, LEDGER_MAX),
        (message) => message.text,
      );
      const wrong = sends.filter((send) => atMeta.get(send.key)?.length !== 1);
      expect(wrong.map((send) => `${send.key}: ${atMeta.get(send.key)?.length ?? 0} at Meta`)).toEqual([]);
      const failed = await house.ctx.db.query(
        "select id, failure from message_states where state = 'failed'",
      );
      expect(failed).toEqual([]);
      // One message for each key.
      const keys = await house.ctx.db.query(
        "select idempotency_key from messages where idempotency_key like 'send-%'",
      );
      expect(keys).toHaveLength(sends.length);
    },
  };
}

/** A log that is kept: the lines at `warn` or above, as they would be printed. */
export function keptLog(): { log: Log; lines: { level: string; msg: string }[] } {
  const lines: { level: string; msg: string }[] = [];
  const print = process.env['TEST_LOG'] !== undefined;
  const log = pino(
    { level: 'info', base: null, formatters: { level: (label) => ({ level: label }) } },
    {
      write(line: string) {
        if (print) process.stdout.write(line);
        lines.push(JSON.parse(line));
      },
    },
  );
  return { log, lines };
}
