// Outages: times in which the database does not take what is written. It is away when a fresh connection says so; from then on every
// statement fails at once instead of waiting for its time-out, connections that hang are cut, and it is asked now and then until it
// answers. One statement that breaks, or lasts, is only a reason to ask. Read-only or full, it is still there: statements go on to be
// tried, since reading works. Real time throughout: a broken network does not wait for a test's clock.
import { systemClock } from '../kernel/clock.ts';

export interface Outage {
  kind: 'away' | 'read-only' | 'full';
  /** On the monotonic clock. */
  since: number;
}

export interface OutageEvents {
  onOutage?: (outage: Outage, cause: unknown) => void;
  onOutageEnd?: (outage: Outage, lastedMs: number) => void;
}

export interface OutageParts extends OutageEvents {
  /** Asks over a connection of its own whether the database answers, and whether it is read-only. */
  ping: () => Promise<{ readOnly: boolean }>;
  /** Breaks all connections: what hangs on them ends as lost, and nothing is asked over a dead one again. */
  cut: () => void;
  /** What an error says about the database: `suspect` if it may be away. */
  judge: (error: unknown) => 'suspect' | 'read-only' | 'full' | undefined;
}

export interface OutageWatch {
  present(): Outage | undefined;
  /** Runs statements, and learns from how they end. */
  during<Result>(act: () => Promise<Result>): Promise<Result>;
  stop(): void;
}

const LOOK_MS = 500;
const HANGS_AFTER_MS = 3_000;
const ASK_FIRST_MS = 100;
const ASK_MAX_MS = 1_000;
const FULL_FOR_MS = 5_000;

interface State {
  parts: OutageParts;
  outage: Outage | undefined;
  underWay: number;
  /** When the database last answered, or was first asked after a rest. */
  answeredAt: number;
  fullUntil: number;
  asking: boolean;
  stopped: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function createOutageWatch(parts: OutageParts): OutageWatch {
  const state: State = {
    parts,
    outage: undefined,
    underWay: 0,
    answeredAt: 0,
    fullUntil: 0,
    asking: false,
    stopped: false,
    timer: undefined,
  };
  const looking = setInterval(look, LOOK_MS, state).unref();
  return {
    present: () => state.outage,
    async during(act) {
      if (state.underWay++ === 0) state.answeredAt = systemClock.monotonic();
      try {
        const result = await act();
        state.answeredAt = systemClock.monotonic();
        return result;
      } catch (error) {
        learn(state, error);
        throw error;
      } finally {
        state.underWay--;
      }
    },
    stop() {
      state.stopped = true;
      clearInterval(looking);
      clearTimeout(state.timer);
    },
  };
}

function learn(state: State, error: unknown): void {
  const kind = state.parts.judge(error);
  if (kind !== 'suspect') {
    state.answeredAt = systemClock.monotonic();
    if (kind) begin(state, kind, error);
  } else if (state.outage?.kind !== 'away') void ask(state, ASK_FIRST_MS);
}

function look(state: State): void {
  const now = systemClock.monotonic();
  if (state.outage?.kind === 'full' && now > state.fullUntil) end(state);
  if (!state.outage && state.underWay > 0 && now - state.answeredAt > HANGS_AFTER_MS)
    void ask(state, ASK_FIRST_MS);
}

async function ask(state: State, nextMs: number): Promise<void> {
  if (state.asking || state.stopped) return;
  state.asking = true;
  try {
    const { readOnly } = await state.parts.ping();
    state.answeredAt = systemClock.monotonic();
    if (readOnly) begin(state, 'read-only', undefined);
    else if (state.outage?.kind !== 'full') end(state);
  } catch (error) {
    begin(state, 'away', error);
  } finally {
    state.asking = false;
  }
  if (state.outage && state.outage.kind !== 'full') askLater(state, nextMs);
}

function askLater(state: State, ms: number): void {
  clearTimeout(state.timer);
  if (state.stopped) return;
  state.timer = setTimeout(() => void ask(state, Math.min(ms * 2, ASK_MAX_MS)), ms).unref();
}

function begin(state: State, kind: Outage['kind'], cause: unknown): void {
  const now = systemClock.monotonic();
  if (kind === 'full') state.fullUntil = now + FULL_FOR_MS;
  if (state.outage?.kind === kind || state.stopped) return;
  state.outage = { kind, since: state.outage?.since ?? now };
  state.parts.onOutage?.(state.outage, cause);
  if (kind === 'away') state.parts.cut();
  if (kind === 'read-only') askLater(state, ASK_FIRST_MS);
}

function end(state: State): void {
  const { outage } = state;
  if (!outage) return;
  state.outage = undefined;
  state.parts.onOutageEnd?.(outage, systemClock.monotonic() - outage.since);
}
