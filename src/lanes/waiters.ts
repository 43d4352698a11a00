// Those who wait for what becomes of a message: requests that were accepted and are not answered yet. News comes from this
// node's own outcomes and statuses at once; what another node learns is found by asking the table now and then.
import type { Clock, Timer } from '../kernel/clock.ts';
import type { Failure } from '../kernel/errors.ts';

export interface News {
  state: string;
  mayHaveLeft: boolean;
  wamid: string | null;
  failure: Failure | null;
  /** How the send was first answered, where that is written down already. */
  firstAnswer?: string | null;
}

interface Waiter {
  messageId: string;
  organisationId: string;
  enough: (news: News) => boolean;
  resolve: (news: News | undefined) => void;
  timer: Timer;
}

export interface Waiters {
  /** Resolves with the first news that are enough, or undefined when the time is up. */
  wait(
    message: { organisationId: string; id: string },
    enough: (news: News) => boolean,
    waitMs: number,
  ): Promise<News | undefined>;
  tell(messageId: string, news: News): void;
  /** Whether these news would be an answer to somebody who waits here. */
  answeredBy(messageId: string, news: News): boolean;
  /** Ends every wait, and each that is still to come, with undefined: the gateway is stopping. */
  release(): void;
}

/** Reads the present news of messages, for those who have waited a while. */
export type ReadNews = (messages: { organisationId: string; id: string }[]) => Promise<Map<string, News>>;

const LOOK_EVERY_MS = 400;

export function createWaiters(clock: Clock, readNews: ReadNews): Waiters {
  const waiting = new Map<string, Set<Waiter>>();
  let looking: Timer | undefined;
  let released = false;

  function end(waiter: Waiter, news: News | undefined): void {
    waiter.timer.cancel();
    const others = waiting.get(waiter.messageId);
    others?.delete(waiter);
    if (others?.size === 0) waiting.delete(waiter.messageId);
    waiter.resolve(news);
  }

  function tell(messageId: string, news: News): void {
    for (const waiter of waiting.get(messageId) ?? []) if (waiter.enough(news)) end(waiter, news);
  }

  async function look(): Promise<void> {
    const all = [...waiting.values()].flatMap((set) => [...set].slice(0, 1));
    const found = await readNews(
      all.map((one) => ({ organisationId: one.organisationId, id: one.messageId })),
    ).catch(() => undefined);
    for (const [id, news] of found ?? []) tell(id, news);
    looking = undefined;
    if (waiting.size > 0) looking = clock.after(LOOK_EVERY_MS, () => void look());
  }

  return {
    wait: (message, enough, waitMs) =>
      new Promise((resolve) => {
        if (released) return resolve(undefined);
        const waiter: Waiter = {
          messageId: message.id,
          organisationId: message.organisationId,
          enough,
          resolve,
          timer: clock.after(waitMs, () => end(waiter, undefined)),
        };
        const others = waiting.get(message.id);
        if (others) others.add(waiter);
        else waiting.set(message.id, new Set([waiter]));
        looking ??= clock.after(LOOK_EVERY_MS, () => void look());
        return undefined;
      }),
    tell,
    answeredBy: (messageId, news) =>
      [...(waiting.get(messageId) ?? [])].some((waiter) => waiter.enough(news)),
    release() {
      released = true;
      looking?.cancel();
      for (const set of waiting.values()) for (const waiter of set) end(waiter, undefined);
    },
  };
}
