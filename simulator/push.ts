// Webhooks on their way to the subscriber. An update waits behind earlier ones of its stream (a message's statuses, a
// customer's messages) until their first try is answered; then it is posted, alone or with others in a batch, over
// keep-alive connections. What is not answered 200 is tried again, the same bytes, after the waits of the settings.
import { Pool, type Dispatcher } from 'undici';
import type { Clock, Timer } from '../src/kernel/clock.ts';
import { hmacSha256 } from '../src/kernel/secrets.ts';
import type { JsonObject } from '../src/kernel/json.ts';
import { asciiJson } from './ascii-json.ts';
import { createFifo } from './fifo.ts';

/** One change of one WABA, as it will stand in an envelope. */
export interface Update {
  id: string;
  wabaId: string;
  /** Of management fields: the seconds that stand in the entry. */
  time?: number;
  field: string;
  value: JsonObject;
  /** Updates of one stream leave one after the other. */
  stream: string;
  url: string;
}

export interface Posted {
  updates: readonly Update[];
  url: string;
  body: string;
  tries: number;
  /** The HTTP status, or what went wrong. */
  answer: number | string;
  /** Not tried again. */
  done: boolean;
}

export interface PushOptions {
  clock: Clock;
  appSecret: string;
  retryMs: readonly number[];
  timeoutMs: number;
  batchSize: number;
  concurrency: number;
  told: (posted: Posted) => void;
}

/** How an update leaves, when not simply as it is. */
export interface PushManner {
  /** Tries that were made before a restart. */
  tries?: number;
  forged?: boolean;
}

export interface Push {
  post(update: Update, manner?: PushManner): void;
  /** Posts several in one envelope, whatever their streams. */
  postTogether(updates: Update[]): void;
  /** Resolves when nothing is being posted and nothing could be. */
  settled(): Promise<void>;
  /** Updates that have not been answered 200 and not been given up. */
  pending(): number;
  /** Forgets everything that has not left. */
  clear(): void;
  close(): Promise<void>;
}

interface Delivery {
  updates: Update[];
  url: string;
  body: string;
  signature: string;
  tries: number;
  /** The updates behind it in their streams still wait for it. */
  leads: boolean;
  /** What was cleared since is not counted any more. */
  round: number;
}

interface Target {
  pool: Pool;
  path: string;
}

interface Waiting {
  update: Update;
  manner: PushManner;
}

const WRONG_SECRET = 'not-the-app-secret';

export function createPush(options: PushOptions): Push {
  const pools = new Map<string, Pool>();
  const targets = new Map<string, Target>();
  const ready = createFifo<Waiting | Delivery>();
  const streams = new Map<string, Waiting[]>();
  const retries = new Set<Timer>();
  let underWay = 0;
  let pending = 0;
  let round = 0;
  let scheduled = false;
  let closed = false;
  let idle: (() => void)[] = [];

  function schedule(): void {
    if (scheduled || closed) return;
    scheduled = true;
    setImmediate(drain);
  }

  function drain(): void {
    scheduled = false;
    while (ready.length > 0 && underWay < options.concurrency && !closed) {
      const next = ready.shift();
      if (next) dispatch('updates' in next ? next : gather(next));
    }
    if (ready.length === 0 && underWay === 0) for (const tell of idle.splice(0)) tell();
  }

  // Takes what else is ready for the same place into the same envelope, up to the batch size.
  function gather(first: Waiting): Delivery {
    const updates = [first.update];
    for (let next = ready.peek(); updates.length < options.batchSize && next; next = ready.peek()) {
      if ('updates' in next || next.update.url !== first.update.url || next.manner.forged) break;
      ready.shift();
      updates.push(next.update);
    }
    return deliveryOf(updates, first.manner, true);
  }

  function deliveryOf(updates: Update[], manner: PushManner, leads: boolean): Delivery {
    const body = asciiJson(envelope(updates));
    const secret = manner.forged ? WRONG_SECRET : options.appSecret;
    return {
      updates,
      url: updates[0]?.url ?? '',
      body,
      signature: `sha256=${hmacSha256(secret, body).toString('hex')}`,
      tries: manner.tries ?? 0,
      leads,
      round,
    };
  }

  function dispatch(delivery: Delivery): void {
    underWay++;
    delivery.tries++;
    const target = targetOf(delivery.url);
    target.pool.dispatch(
      {
        path: target.path,
        method: 'POST',
        headers: [
          'content-type',
          'application/json',
          'accept',
          '*/*',
          'user-agent',
          'facebookexternalua',
          'x-hub-signature-256',
          delivery.signature,
        ],
        body: delivery.body,
      },
      answerOf((answer) => settle(delivery, answer)),
    );
  }

  function settle(delivery: Delivery, answer: number | string): void {
    underWay--;
    if (closed) return;
    if (delivery.round !== round) return schedule();
    const wait = options.retryMs[delivery.tries - 1];
    const done = answer === 200 || wait === undefined;
    if (done) pending -= delivery.updates.length;
    else again(delivery, wait);
    if (delivery.leads) for (const update of delivery.updates) release(update.stream);
    delivery.leads = false;
    const { updates, url, body, tries } = delivery;
    options.told({ updates, url, body, tries, answer, done });
    schedule();
  }

  function again(delivery: Delivery, waitMs: number): void {
    if (waitMs === 0) {
      ready.push(delivery);
      return;
    }
    const timer = options.clock.after(waitMs, () => {
      retries.delete(timer);
      ready.push(delivery);
      schedule();
    });
    retries.add(timer);
  }

  function release(stream: string): void {
    const behind = streams.get(stream);
    const next = behind?.shift();
    if (next) ready.push(next);
    else streams.delete(stream);
  }

  function targetOf(url: string): Target {
    const known = targets.get(url);
    if (known) return known;
    const { origin, pathname, search } = new URL(url);
    const target = { pool: poolOf(origin), path: `${pathname}${search}` };
    targets.set(url, target);
    return target;
  }

  function poolOf(origin: string): Pool {
    const known = pools.get(origin);
    if (known) return known;
    const { concurrency, timeoutMs } = options;
    const pool = new Pool(origin, {
      connections: concurrency,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    post(update, manner = {}) {
      if (closed) return;
      pending++;
      const behind = streams.get(update.stream);
      if (behind) behind.push({ update, manner });
      else {
        streams.set(update.stream, []);
        ready.push({ update, manner });
        schedule();
      }
    },
    postTogether(updates) {
      if (closed || updates.length === 0) return;
      pending += updates.length;
      ready.push(deliveryOf(updates, {}, false));
      schedule();
    },
    settled: () =>
      ready.length === 0 && underWay === 0
        ? Promise.resolve()
        : new Promise((resolve) => void idle.push(resolve)),
    pending: () => pending,
    clear() {
      for (const timer of retries) timer.cancel();
      retries.clear();
      ready.clear();
      streams.clear();
      pending = 0;
      round++;
      schedule();
    },
    async close() {
      closed = true;
      for (const timer of retries) timer.cancel();
      ready.clear();
      for (const tell of idle.splice(0)) tell();
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      idle = [];
    },
  };
}

// Changes of one WABA share an entry; an entry of management fields carries its time.
function envelope(updates: readonly Update[]): JsonObject {
  const entries = new Map<string, JsonObject & { changes: JsonObject[] }>();
  for (const { wabaId, value, field, time } of updates) {
    const key = `${wabaId}/${time ?? ''}`;
    const entry = entries.get(key) ?? { id: wabaId, ...(time === undefined ? {} : { time }), changes: [] };
    entry.changes.push({ value, field });
    entries.set(key, entry);
  }
  return { object: 'whatsapp_business_account', entry: [...entries.values()] };
}

const ANSWER_MAX_BYTES = 1_000_000;

// The body of the answer is read and thrown away, so that the connection can be used again.
function answerOf(tell: (answer: number | string) => void): Dispatcher.DispatchHandler {
  let status = 0;
  let bytes = 0;
  return {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, statusCode) => {
      status = statusCode;
    },
    onResponseData: (controller, chunk) => {
      bytes += chunk.length;
      if (bytes > ANSWER_MAX_BYTES)
        controller.abort(new Error('The answer to a webhook is larger than 1 MB.'));
    },
    onResponseEnd: () => tell(status),
    onResponseError: (_controller, error) => tell(reason(error)),
  };
}

function reason(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
