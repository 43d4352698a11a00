// Webhooks on their way to the subscriber. An update waits behind earlier ones of its stream (a message's statuses, a
// customer's messages) until their first try is answered; then it is posted, alone or with others in a batch, over
// keep-alive connections. What is not answered 200 is tried again, the same bytes, after the waits of the settings.
import { Pool, type Dispatcher } from 'undici';
import type { Clock, Timer } from '../src/kernel/clock.ts';
import { renderWebhook, type Forgery, type Layout, type Update } from './envelope.ts';
import { createFifo } from './fifo.ts';

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
  /** The waits after the first, second … try; afterwards it is given up. */
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
  /** Its signature is not right. */
  forged?: Forgery;
  /** How several share the envelope. */
  layout?: Layout;
}

/** An update that waits for others, and how it would leave alone. */
export interface Gathered {
  update: Update;
  copies: number;
  manner: PushManner;
}

interface Waiting {
  update: Update;
  manner: PushManner;
}

// Without its bytes: they are made each time it leaves, the same ones, or those of a million that are tried again would fill the memory.
interface Delivery {
  updates: Update[];
  url: string;
  manner: PushManner;
  tries: number;
  /** Updates of its streams still wait for its first answer. */
  leads: boolean;
  /** What was cleared since is not counted any more. */
  round: number;
}

interface Target {
  pool: Pool;
  path: string;
}

const PLAIN: PushManner = {};

export class Push {
  readonly #options: PushOptions;
  readonly #ready = createFifo<Waiting | Delivery>();
  readonly #streams = new Map<string, Waiting[]>();
  readonly #retries = new Set<Timer>();
  readonly #pools = new Map<string, Pool>();
  readonly #targets = new Map<string, Target>();
  #underWay = 0;
  #pending = 0;
  #round = 0;
  #scheduled = false;
  #held = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: PushOptions) {
    this.#options = options;
  }

  post(update: Update, manner: PushManner = PLAIN): void {
    if (this.#closed) return;
    this.#pending++;
    const behind = this.#streams.get(update.stream);
    if (behind) {
      behind.push({ update, manner });
      return;
    }
    this.#streams.set(update.stream, []);
    this.#ready.push({ update, manner });
    this.#schedule();
  }

  /** Posts several in one envelope for each place they go to, whatever their streams. */
  postTogether(updates: readonly Update[], manner: PushManner = PLAIN): void {
    if (this.#closed) return;
    this.#pending += updates.length;
    for (const together of Map.groupBy(updates, (one) => one.url).values())
      this.#ready.push(this.#deliveryOf(together, manner, false));
    this.#schedule();
  }

  /** Held: nothing leaves, neither what is new nor what is tried again, until it is let go; then all of it does. */
  hold(held: boolean): void {
    this.#held = held;
    this.#schedule();
  }

  isHeld(): boolean {
    return this.#held;
  }

  /** Resolves when nothing is being posted and nothing could be. */
  settled(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  /** Updates that have not been answered 200 and not been given up. */
  pending(): number {
    return this.#pending;
  }

  /** Forgets everything that has not left. */
  clear(): void {
    for (const timer of this.#retries) timer.cancel();
    this.#retries.clear();
    this.#ready.clear();
    this.#streams.clear();
    this.#pending = 0;
    this.#held = false;
    this.#round++;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.clear();
    for (const tell of this.#idle.splice(0)) tell();
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    const { concurrency } = this.#options;
    while (this.#ready.length > 0 && this.#underWay < concurrency && !this.#held && !this.#closed) {
      const next = this.#ready.shift();
      if (next) this.#dispatch('updates' in next ? next : this.#gather(next));
    }
    if (this.#isIdle()) for (const tell of this.#idle.splice(0)) tell();
  }

  #isIdle(): boolean {
    return (this.#ready.length === 0 || this.#held) && this.#underWay === 0;
  }

  // Takes what else is ready for the same place into the same envelope, up to the batch size.
  #gather(first: Waiting): Delivery {
    const updates = [first.update];
    const batchSize = first.manner.forged ? 1 : this.#options.batchSize;
    for (let next = this.#ready.peek(); updates.length < batchSize && next; next = this.#ready.peek()) {
      if ('updates' in next || next.update.url !== first.update.url || next.manner.forged) break;
      this.#ready.shift();
      updates.push(next.update);
    }
    return this.#deliveryOf(updates, first.manner, true);
  }

  #deliveryOf(updates: Update[], manner: PushManner, leads: boolean): Delivery {
    const url = updates[0]?.url ?? '';
    return { updates, url, manner, tries: manner.tries ?? 0, leads, round: this.#round };
  }

  #dispatch(delivery: Delivery): void {
    this.#underWay++;
    delivery.tries++;
    const { pool, path } = this.#targetOf(delivery.url);
    const { forged = null, layout = 'changes' } = delivery.manner;
    const { body, headers: signature } = renderWebhook(delivery.updates, {
      secret: this.#options.appSecret,
      layout,
      forged,
    });
    const headers = {
      'content-type': 'application/json',
      accept: '*/*',
      'user-agent': 'facebookexternalua',
      ...signature,
    };
    const tell = answerOf((answer) => this.#settle(delivery, body, answer));
    pool.dispatch({ path, method: 'POST', headers, body }, tell);
  }

  #settle(delivery: Delivery, body: string, answer: number | string): void {
    this.#underWay--;
    this.#schedule();
    if (this.#closed || delivery.round !== this.#round) return;
    const { updates, url, tries } = delivery;
    const waitMs = this.#options.retryMs[tries - 1];
    const done = answer === 200 || waitMs === undefined;
    if (done) this.#pending -= updates.length;
    else this.#again(delivery, waitMs);
    if (delivery.leads) for (const update of updates) this.#release(update.stream);
    delivery.leads = false;
    this.#options.told({ updates, url, body, tries, answer, done });
  }

  #again(delivery: Delivery, waitMs: number): void {
    if (waitMs === 0) {
      this.#ready.push(delivery);
      return;
    }
    const timer = this.#options.clock.after(waitMs, () => {
      this.#retries.delete(timer);
      this.#ready.push(delivery);
      this.#schedule();
    });
    this.#retries.add(timer);
  }

  #release(stream: string): void {
    const next = this.#streams.get(stream)?.shift();
    if (next) this.#ready.push(next);
    else this.#streams.delete(stream);
  }

  #targetOf(url: string): Target {
    const known = this.#targets.get(url);
    if (known) return known;
    const { origin, pathname, search } = new URL(url);
    const target = { pool: this.#poolOf(origin), path: `${pathname}${search}` };
    this.#targets.set(url, target);
    return target;
  }

  #poolOf(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known) return known;
    const { concurrency, timeoutMs } = this.#options;
    const pool = new Pool(origin, {
      connections: concurrency,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
    this.#pools.set(origin, pool);
    return pool;
  }
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
