// Looking at messages: the list, waiting for one, and making sure that there is none.
import { sleep } from '../../src/kernel/clock.ts';
import { ControlRefusal } from '../control-refusal.ts';
import type { Simulation } from '../simulation.ts';
import type { Message } from '../world.ts';
import { candidatesFor, differences, type Difference, type MessageMatch } from './message-match.ts';
import { viewOf, type MessageView } from './message-view.ts';

const LIMIT_DEFAULT = 1000;
const WAIT_DEFAULT_MS = 5000;
const NEAR_MISSES = 3;
const NEAR_CANDIDATES = 200;

export interface WaitFor {
  match: MessageMatch;
  count?: number;
  timeout_ms?: number;
}

/** The latest messages that fit, oldest first. */
export function listMessages(
  sim: Simulation,
  match: MessageMatch = {},
  limit = LIMIT_DEFAULT,
): MessageView[] {
  return found(sim, match)
    .slice(-limit)
    .map((message) => viewOf(sim, message));
}

export interface MessagePage {
  data: MessageView[];
  /** The `after` of the next page; null: no more for now. */
  next: number | null;
}

/** The messages that fit and came after number `after`, oldest first. */
export function pageOfMessages(
  sim: Simulation,
  match: MessageMatch,
  { after, limit = LIMIT_DEFAULT }: { after: number; limit: number | undefined },
): MessagePage {
  const fitting: Message[] = [];
  for (const message of candidatesAfter(sim, match, after)) {
    if (differences(sim, message, match).length > 0) continue;
    fitting.push(message);
    if (fitting.length === limit) break;
  }
  const data = fitting.map((message) => viewOf(sim, message));
  return { data, next: data.length === limit ? (data.at(-1)?.seq ?? null) : null };
}

/** Resolves when `count` messages fit; refuses after `timeout_ms` with what came nearest. */
export async function waitForMessages(
  sim: Simulation,
  wanted: WaitFor,
  signal: AbortSignal,
): Promise<MessageView[]> {
  const { match, count = 1, timeout_ms: timeoutMs = WAIT_DEFAULT_MS } = wanted;
  const enough = (): boolean => found(sim, match).length >= count;
  if (!enough()) await changed(sim, enough, { timeoutMs, signal });
  const messages = found(sim, match);
  if (messages.length >= count) return messages.map((message) => viewOf(sim, message));
  throw new ControlRefusal(
    'timeout',
    `${messages.length} of ${count} messages fitted after ${timeoutMs} ms.`,
    { found: messages.length, near_misses: nearMisses(sim, match) },
  );
}

/** Makes sure that no message fits, for `within_ms` of the simulator's time; with a frozen clock, right now. */
export async function expectNoMessage(
  sim: Simulation,
  wanted: { match: MessageMatch; within_ms?: number },
): Promise<void> {
  const { match, within_ms: withinMs = 0 } = wanted;
  if (withinMs > 0 && sim.clock.mode() !== 'frozen') await sleep(sim.clock, withinMs);
  const messages = found(sim, match);
  if (messages.length === 0) return;
  throw new ControlRefusal('unexpected_message', `${messages.length} messages fit, and none should.`, {
    found: messages.slice(-NEAR_MISSES).map((message) => viewOf(sim, message)),
  });
}

// A page of the whole row begins where the last one ended, however long the row is.
function candidatesAfter(sim: Simulation, match: MessageMatch, after: number): Message[] {
  if (match.id === undefined && match.to === undefined && match.from === undefined)
    return sim.world.row.page(after, Infinity);
  return [...candidatesFor(sim, match)].filter((message) => message.seq > after);
}

function found(sim: Simulation, match: MessageMatch): Message[] {
  const messages: Message[] = [];
  for (const message of candidatesFor(sim, match)) {
    if (differences(sim, message, match).length === 0) messages.push(message);
  }
  return messages;
}

interface Patience {
  timeoutMs: number;
  signal: AbortSignal;
}

// Looks again at most once a turn of the event loop, however many facts there were in it.
function changed(sim: Simulation, enough: () => boolean, { timeoutMs, signal }: Patience): Promise<void> {
  return new Promise((resolve) => {
    let scheduled = false;
    const look = (): void => {
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        if (enough()) end();
      });
    };
    const timer = sim.wireClock.after(timeoutMs, end);
    signal.addEventListener('abort', end, { once: true });
    sim.watchers.add(look);
    function end(): void {
      timer.cancel();
      signal.removeEventListener('abort', end);
      sim.watchers.delete(look);
      resolve();
    }
  });
}

function nearMisses(
  sim: Simulation,
  match: MessageMatch,
): { message: MessageView; differences: Difference[] }[] {
  return [...sim.world.messages.values()]
    .slice(-NEAR_CANDIDATES)
    .map((message) => ({ message, differences: differences(sim, message, match) }))
    .filter((one) => one.differences.length > 0)
    .toSorted((one, other) => one.differences.length - other.differences.length)
    .slice(0, NEAR_MISSES)
    .map((one) => ({ message: viewOf(sim, one.message), differences: one.differences }));
}
