// Posts a webhook. What the world answers is a value and nothing is ever thrown: answered, with whatever status, or failed. A receiver
// is a stranger: it gets ten seconds for all of it, redirects are not followed, little of its answer is read and none is unpacked.
import { Agent, type Dispatcher } from 'undici';

import type { Context } from '../context.ts';
import { readVersion } from '../kernel/version.ts';
import { createGuardedConnector } from './connect-guarded.ts';
import { createAddressGuard } from './guard-address.ts';
import { createLookUp, type LookUp } from './look-up.ts';
import { createAnswer } from './post-answer.ts';
import { failureOf, type PostFailure } from './post-failure.ts';

export type PostOutcome =
  | { kind: 'answered'; status: number; retryAfterMs: number | null; excerpt: string; ms: number }
  | { kind: 'failed'; reason: PostFailure; detail: string; ms: number };

export interface PostRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface Poster {
  post(request: PostRequest): Promise<PostOutcome>;
  /** Ends all connections; what is under way fails as `stopped`. */
  close(): Promise<void>;
}

export interface PosterOptions {
  lookUp?: LookUp;
  /** From the request for a connection to the end of the answer. */
  timeoutMs?: number;
  socketsMax?: number;
}

const TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 4_000;
// Generous: receivers of many organisations may stand behind one origin, and no slow one may keep the others waiting for a connection.
const SOCKETS_PER_ORIGIN = 1_000;

export function createPoster(ctx: Pick<Context, 'config' | 'clock'>, options: PosterOptions = {}): Poster {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const agent = new Agent({
    connect: createGuardedConnector({
      guard: createAddressGuard(ctx.config.webhookAllow),
      lookUp: options.lookUp ?? createLookUp(),
      timeoutMs,
      socketsMax: options.socketsMax ?? SOCKETS_MAX,
    }),
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // Shorter than most receivers keep theirs: what is posted as the other side closes is lost, and waits for the next try.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    // Each post has its own timer for all of it: undici's begin again with each part of an answer.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const userAgent = `Kurir-Webhook/${readVersion()}`;
  return {
    post: (request) =>
      exchange(
        agent,
        { ...request, headers: { 'user-agent': userAgent, ...request.headers } },
        { clock: ctx.clock, timeoutMs },
      ),
    close: () => agent.destroy(),
  };
}

function exchange(
  agent: Agent,
  { url, headers, body }: PostRequest,
  { clock, timeoutMs }: Pick<Context, 'clock'> & { timeoutMs: number },
): Promise<PostOutcome> {
  return new Promise((resolve) => {
    const since = clock.monotonic();
    const answer = createAnswer(clock);
    let over = false;
    let wire: Dispatcher.DispatchController | undefined;
    const timer = clock.after(timeoutMs, () => {
      const where = wire ? answer.missing() : 'no connection came about';
      fail({ reason: 'timeout', detail: `${where} within ${timeoutMs / 1_000} s` });
      wire?.abort(new Error('too late'));
    });
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        wire = controller;
        // It waited for a connection until its time was over.
        if (over) controller.abort(new Error('too late'));
      },
      onResponseStart: (_controller, status, responseHeaders) =>
        answer.begin(status, responseHeaders['retry-after']),
      onResponseData(controller, chunk) {
        if (answer.add(chunk)) return;
        succeed();
        controller.abort(new Error('enough was read'));
      },
      onResponseEnd: () => succeed(),
      onResponseError: (_controller, error) => fail(failureOf(error)),
    };
    try {
      const { origin, path } = placeOf(url);
      agent.dispatch({ origin, path, method: 'POST', headers, body }, handler);
    } catch (error) {
      fail(failureOf(error));
    }

    function succeed(): void {
      end({ kind: 'answered', ...answer.read(), ms: passed() });
    }

    function fail(failure: { reason: PostFailure; detail: string }): void {
      end({ kind: 'failed', ...failure, ms: passed() });
    }

    function end(outcome: PostOutcome): void {
      over = true;
      timer.cancel();
      resolve(outcome);
    }

    function passed(): number {
      return Math.round(clock.monotonic() - since);
    }
  });
}

// The same few addresses again and again: to take one apart costs as much as to sign a body.
const places = new Map<string, { origin: string; path: string }>();
const PLACES_MAX = 10_000;

function placeOf(url: string): { origin: string; path: string } {
  const known = places.get(url);
  if (known) return known;
  const { origin, pathname, search } = new URL(url);
  const place = { origin, path: pathname + search };
  if (places.size >= PLACES_MAX) places.clear();
  places.set(url, place);
  return place;
}
