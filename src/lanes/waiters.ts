// Those who wait for what becomes of a message: requests that were accepted and are not answered yet. News comes from this node's own
// outcomes and statuses at once, from other nodes by a hint, and where neither came, by asking the table now and then: often for
// messages of a lane that is another node's, seldom for our own.
import type { OrganisationId } from '../kernel/ids.ts';
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
  message: AwaitedMessage;
  enough: (news: News) => boolean;
  resolve: (news: News | undefined) => void;
  timer: Timer;
}

export interface AwaitedMessage {
  organisationId: OrganisationId;
  id: string;
  /** Its lane is this node's: what becomes of it is most often heard here. */
  ours: boolean;
  /** A repeat waits for it: others may, on other nodes. */
  repeated: boolean;
}

export interface Waiters {
  /** Resolves with the first news that are enough, or undefined when the time is up. */
  wait(message: AwaitedMessage, enough: (news: News) => boolean, waitMs: number): Promise<News | undefined>;
  tell(messageId: string, news: News): void;
  /** Somebody waits for these messages on another node as well: what is told here is to be told there. */
  share(messageIds: Iterable<string>): void;
  /** Whether these news would be an answer to somebody who waits here. */
  answeredBy(messageId: string, news: News): boolean;
  /** Looks at once whether there is news of these messages, as far as somebody waits for them; of all where none are named. */
  look(messageIds?: Iterable<string>): void;
  /** Ends every wait, and each that is still to come, with undefined: the gateway is stopping. */
  release(): void;
}

export interface WaitersParts {
  /** Reads the present news of messages. */
  readNews: ReadNews;
  /** There is news of a message that nobody waits for here: perhaps another node has been waiting. */
  tellElsewhere: (messageId: string) => void;
  /** A repeat waits here for what may be told where the first call waits. */
  askElsewhere: (messageId: string) => void;
}

export type ReadNews = (messages: { organisationId: string; id: string }[]) => Promise<Map<string, News>>;

const LOOK_EVERY_MS = 400;
/** Messages of our own lanes are looked at every so many times. */
const OURS_EVERY = 5;

interface State {
  clock: Clock;
  parts: WaitersParts;
  waiting: Map<string, Waiter[]>;
  /** Of these, the messages for which somebody may wait on another node. */
  shared: Set<string>;
  /** Messages whose news is to be read. */
  asked: Set<string>;
  reading: boolean;
  looks: number;
  next: Timer | undefined;
  released: boolean;
}

export function createWaiters(clock: Clock, parts: WaitersParts): Waiters {
  const waiting = new Map<string, Waiter[]>();
  const state: State = {
    clock,
    parts,
    waiting,
    shared: new Set(),
    asked: new Set(),
    reading: false,
    looks: 0,
    next: undefined,
    released: false,
  };
  return {
    wait: (message, enough, waitMs) =>
      new Promise((resolve) => {
        if (state.released) return resolve(undefined);
        const waiter: Waiter = {
          message,
          enough,
          resolve,
          timer: clock.after(waitMs, () => end(state, waiter, undefined)),
        };
        const others = waiting.get(message.id);
        if (others) others.push(waiter);
        else waiting.set(message.id, [waiter]);
        if (message.repeated) {
          state.shared.add(message.id);
          parts.askElsewhere(message.id);
        }
        if (!state.next) lookLater(state);
        return undefined;
      }),
    tell(messageId, news) {
      // Whoever was answered before does not wait any more.
      const isNews = !waiting.has(messageId) && (news.firstAnswer ?? null) === null;
      if (isNews || state.shared.has(messageId)) parts.tellElsewhere(messageId);
      settle(state, messageId, news);
    },
    share(messageIds) {
      for (const id of messageIds) if (waiting.has(id)) state.shared.add(id);
    },
    answeredBy: (messageId, news) => waiting.get(messageId)?.some((waiter) => waiter.enough(news)) === true,
    look: (messageIds = waiting.keys()) => look(state, messageIds),
    release() {
      state.released = true;
      state.next?.cancel();
      for (const waiter of [...waiting.values()].flat()) end(state, waiter, undefined);
    },
  };
}

function end({ waiting, shared }: State, waiter: Waiter, news: News | undefined): void {
  waiter.timer.cancel();
  const others = waiting.get(waiter.message.id)?.filter((one) => one !== waiter) ?? [];
  if (others.length > 0) waiting.set(waiter.message.id, others);
  else {
    waiting.delete(waiter.message.id);
    shared.delete(waiter.message.id);
  }
  waiter.resolve(news);
}

function settle(state: State, messageId: string, news: News): void {
  for (const waiter of state.waiting.get(messageId) ?? []) if (waiter.enough(news)) end(state, waiter, news);
}

function look(state: State, messageIds: Iterable<string>): void {
  for (const id of messageIds) if (state.waiting.has(id)) state.asked.add(id);
  if (!state.reading && state.asked.size > 0) void read(state);
}

// One reading at a time; what is asked meanwhile goes into the next.
async function read(state: State): Promise<void> {
  state.reading = true;
  while (state.asked.size > 0) {
    const messages = [...state.asked].flatMap((id) => messageOf(state, id) ?? []);
    state.asked = new Set();
    const found = messages.length > 0 && (await state.parts.readNews(messages).catch(() => undefined));
    for (const [id, news] of found || []) settle(state, id, news);
  }
  state.reading = false;
}

function messageOf({ waiting }: State, id: string): AwaitedMessage | undefined {
  const [waiter] = waiting.get(id) ?? [];
  return waiter?.message;
}

function lookLater(state: State): void {
  state.next = state.clock.after(LOOK_EVERY_MS, () => {
    const all = ++state.looks % OURS_EVERY === 0;
    look(state, all ? state.waiting.keys() : foreign(state));
    state.next = undefined;
    if (state.waiting.size > 0) lookLater(state);
  });
}

function foreign(state: State): string[] {
  return [...state.waiting.keys()].filter((id) => messageOf(state, id)?.ours === false);
}
