// /v1/webhook_deliveries: what went where, with every try, and sent again on demand.
import { Type } from 'typebox';

import { characters, exactly } from '../../meta/kinds/kind.ts';
import type { Delivery, DeliveryState } from '../../webhooks/delivery.ts';
import type { Call, Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { instantOf, limitOf, oneOf, pageAnswer, requireKnownParameters } from './list-query.ts';

const PARAMETERS = ['subscription_id', 'status', 'event_type', 'created_after', 'created_before'];

export const listWebhookDeliveries: Endpoint = {
  method: 'GET',
  path: '/webhook_deliveries',
  summary: 'List webhook deliveries, newest first.',
  budget: 'mount',
  async handle(call) {
    requireKnownParameters(call, PARAMETERS);
    const { query } = call;
    const page = await call.rooms.deliveries.list(call.caller.organisationId, {
      filter: {
        subscriptionId: query['subscription_id'],
        state: stateOf(call),
        type: query['event_type'],
        createdAfter: instantOf('created_after', query['created_after']),
        createdBefore: instantOf('created_before', query['created_before']),
      },
      limit: limitOf(call),
      cursor: query['cursor'],
    });
    return pageAnswer(call, page.deliveries.map(renderDelivery), page.nextCursor);
  },
};

export const getWebhookDelivery: Endpoint = {
  method: 'GET',
  path: '/webhook_deliveries/:id',
  summary: 'Show one webhook delivery: what was sent, and what came of each try.',
  budget: 'mount',
  async handle(call) {
    const { delivery, said } = await call.rooms.deliveries.read(
      call.caller.organisationId,
      call.params['id'] ?? '',
    );
    const data = {
      ...renderDelivery(delivery),
      tries: delivery.tries,
      // Null where it is kept no more. By the subject the receiver knows repetitions.
      event_name: said?.name ?? null,
      event_subject: said?.subject ?? null,
      request_body: said?.body ?? null,
    };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};

export const replayWebhookDelivery: Endpoint = {
  method: 'POST',
  path: '/webhook_deliveries/:id/replay',
  summary: 'Send a webhook delivery again, whatever became of it.',
  budget: 'mount',
  async handle(call) {
    const from = call.params['id'] ?? '';
    const id = await call.rooms.deliveries.replay(call.caller.organisationId, from);
    const data = { id, object: 'webhook_delivery', replayed_from: from, status: 'pending' };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};

// Both words are in the contract; one state is meant.
const dead = Type.Union([Type.Literal('dead'), Type.Literal('failed')]);
const replaying = exactly({
  subscription_id: characters(1, 64, 'Whose.'),
  status: Type.Optional(dead),
  event_type: Type.Optional(characters(1, 80, 'Only those of this type.')),
  created_after: Type.Optional(Type.String()),
  created_before: Type.Optional(Type.String()),
});

export const replayWebhookDeliveries: Endpoint = {
  method: 'POST',
  path: '/webhook_deliveries/bulk_replay',
  summary: 'Send the dead deliveries of a webhook subscription again, 1000 at the most.',
  budget: 'mount',
  async handle(call) {
    const body = readBody(call, replaying);
    const data = await call.rooms.deliveries.replayDead(call.caller.organisationId, body.subscription_id, {
      type: body.event_type,
      createdAfter: instantOf('created_after', body.created_after),
      createdBefore: instantOf('created_before', body.created_before),
    });
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};

// The contract has two words for those that are given up.
function stateOf(call: Call): DeliveryState | undefined {
  const word = oneOf(call, 'status', ['pending', 'succeeded', 'dead', 'failed']);
  return word === 'failed' ? 'dead' : word;
}

function renderDelivery(delivery: Delivery): object {
  return {
    id: delivery.id,
    object: 'webhook_delivery',
    subscription_id: delivery.subscriptionId,
    event_id: delivery.eventId,
    event_type: delivery.type,
    dialect: delivery.dialect,
    status: delivery.state,
    attempts: delivery.attempt,
    last_try: delivery.tries.at(-1) ?? null,
    next_try_at: delivery.state === 'pending' ? (delivery.dueAt?.toISOString() ?? null) : null,
    replayed_from: delivery.replayedFrom,
    created_at: delivery.createdAt.toISOString(),
    finished_at: delivery.finishedAt?.toISOString() ?? null,
  };
}
