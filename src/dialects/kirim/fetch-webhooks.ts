// What `kurir listen` asks for: the deliveries of a subscription that has no URL, fetched, and what became of them, reported.
import { Type } from 'typebox';

import { characters, exactly } from '../../meta/kinds/kind.ts';
import type { PostOutcome } from '../../webhooks/post.ts';
import type { Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';

const FETCH_MAX = 50;
const asking = exactly({
  max: Type.Optional(Type.Integer({ minimum: 1, maximum: FETCH_MAX })),
  wait_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 25 })),
});

export const fetchWebhooks: Endpoint = {
  method: 'POST',
  path: '/webhook_subscriptions/:id/fetch',
  summary: 'Fetch what is to be delivered to a subscription without a URL; waits for it.',
  budget: 'mount',
  async handle(call) {
    const { max = FETCH_MAX, wait_seconds: seconds = 0 } = readBody(
      { ...call, body: call.body ?? {} },
      asking,
    );
    const fetched = await call.rooms.listening.fetch(call.caller.organisationId, call.params['id'] ?? '', {
      max,
      waitMs: seconds * 1_000,
      isGone: call.isGone,
    });
    const data = fetched.map((one) => ({
      delivery_id: one.id,
      event_id: one.eventId,
      event_type: one.type,
      attempt: one.attempt + 1,
      headers: one.headers,
      body: one.body,
    }));
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};

const reporting = exactly({
  results: Type.Array(
    exactly({
      delivery_id: characters(1, 64, 'As it was fetched.'),
      status: Type.Optional(Type.Integer({ minimum: 100, maximum: 999 })),
      error: Type.Optional(characters(1, 500, 'Why there was no answer.')),
      ms: Type.Number({ minimum: 0, maximum: 3_600_000 }),
    }),
    { minItems: 1, maxItems: FETCH_MAX },
  ),
});

export const reportWebhooks: Endpoint = {
  method: 'POST',
  path: '/webhook_subscriptions/:id/results',
  summary: 'Say what became of the deliveries that were fetched.',
  budget: 'mount',
  async handle(call) {
    const results = readBody(call, reporting).results.map(({ delivery_id: deliveryId, ...said }) => ({
      deliveryId,
      outcome: outcomeOf(said),
    }));
    const { listening } = call.rooms;
    const settled = await listening.report(call.caller.organisationId, call.params['id'] ?? '', results);
    return { status: 200, body: { data: { settled }, request_id: call.requestId } };
  },
};

function outcomeOf({ status, error, ms }: { status?: number; error?: string; ms: number }): PostOutcome {
  if (status !== undefined) return { kind: 'answered', status, retryAfterMs: null, excerpt: '', ms };
  return { kind: 'failed', reason: 'unreachable', detail: error ?? 'the listener did not say why', ms };
}
