// LISTEN, on a connection of its own. What is heard is a hint: it may be lost with the connection, so whoever rests on it also looks by
// itself now and then. A lost connection comes back by itself.
import pg from 'pg';

import { backoffMs, type Backoff } from '../kernel/backoff.ts';
import type { Clock, Timer } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { isPooled } from './pooler.ts';

export interface Listener {
  stop(): Promise<void>;
}

export interface ListenOptions {
  url: string;
  channel: string;
  onHeard: (payload: string) => void;
  /** Listening has begun (again): what was told meanwhile was missed. */
  onListening: () => void;
}

const AGAIN: Backoff = { firstMs: 500, factor: 2, maxMs: 15_000 };
/** A connection that died without a word is found by asking. */
const ASK_EVERY_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;

interface State {
  clock: Clock;
  log: Log;
  options: ListenOptions;
  client: pg.Client | undefined;
  timer: Timer | undefined;
  stopped: boolean;
  failures: number;
}

export function listen(house: { clock: Clock; log: Log }, options: ListenOptions): Listener {
  const state: State = {
    clock: house.clock,
    log: house.log,
    options,
    client: undefined,
    timer: undefined,
    stopped: false,
    failures: 0,
  };
  void open(state);
  return {
    async stop() {
      state.stopped = true;
      state.timer?.cancel();
      const last = state.client;
      state.client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}

async function open(state: State): Promise<void> {
  const { options } = state;
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    keepAlive: true,
    application_name: 'kurir listen',
  });
  state.client = client;
  client.on('error', (error) => lost(state, client, error));
  client.on('end', () => lost(state, client, undefined));
  client.on('notification', ({ payload }) => options.onHeard(payload ?? ''));
  try {
    await client.connect();
    if (await isPooled(client)) return await giveUp(state, client);
    await client.query(`listen ${client.escapeIdentifier(options.channel)}`);
  } catch (error) {
    return lost(state, client, error);
  }
  if (state.client !== client) return;
  state.failures = 0;
  state.log.debug('listening for hints of other nodes');
  options.onListening();
  ask(state, client);
}

async function giveUp(state: State, client: pg.Client): Promise<void> {
  state.client = undefined;
  state.log.warn(
    'a pooler stands before PostgreSQL, and LISTEN does not pass it: nodes look now and then. Set KURIR_LISTEN_URL to hear at once',
  );
  await client.end();
}

function ask(state: State, client: pg.Client): void {
  state.timer = state.clock.after(ASK_EVERY_MS, () => {
    client.query('select 1').then(
      () => ask(state, client),
      (error: unknown) => lost(state, client, error),
    );
  });
}

function lost(state: State, client: pg.Client, error: unknown): void {
  if (state.client !== client) return;
  state.client = undefined;
  state.timer?.cancel();
  client.end().catch(() => undefined);
  if (state.stopped) return;
  if (state.failures++ === 0)
    state.log.warn({ err: error }, 'the connection for hints broke; this node looks by itself meanwhile');
  state.timer = state.clock.after(backoffMs(AGAIN, state.failures, 0.5), () => void open(state));
}
