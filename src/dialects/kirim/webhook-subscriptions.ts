// /v1/webhook_subscriptions: who is told of what, made, shown, changed and taken away.
import { Type } from 'typebox';

import { characters, exactly } from '../../meta/kinds/kind.ts';
import { WEBHOOK_DIALECTS } from '../../webhooks/telling.ts';
import type { Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';
import { renderSubscription } from './render-subscription.ts';

const url = Type.String({ minLength: 1, description: 'Where events are posted to.' });
const events = Type.Array(characters(1, 80, 'A type, `meta.*`, or `*`.'), { minItems: 1, maxItems: 100 });
const optional = {
  dialect: Type.Optional(Type.Union(WEBHOOK_DIALECTS.map((one) => Type.Literal(one)))),
  description: Type.Optional(Type.Union([characters(0, 500, 'For people.'), Type.Null()])),
  phone_number_ids: Type.Optional(
    Type.Union([Type.Array(characters(1, 20, 'Yours.'), { minItems: 1, maxItems: 100 }), Type.Null()]),
  ),
  ordered: Type.Optional(Type.Boolean({ description: 'One after the other within a conversation.' })),
  buffer: Type.Optional(
    Type.Union([
      exactly({
        seconds: Type.Integer({ minimum: 1, maximum: 60 }),
        max: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      Type.Null(),
    ]),
  ),
};
const BUFFER_MAX = 50;

// Without a URL it is a listener's, which fetches.
const creation = exactly({ url: Type.Union([url, Type.Null()]), events, ...optional });

export const createWebhookSubscription: Endpoint = {
  method: 'POST',
  path: '/webhook_subscriptions',
  summary: 'Subscribe a URL to events; the secret is shown this once.',
  budget: 'mount',
  async handle(call) {
    const body = readBody(call, creation);
    const made = await call.rooms.webhooks.create({
      organisationId: call.caller.organisationId,
      url: body.url,
      dialect: body.dialect ?? 'kirim',
      events: body.events,
      phoneNumberIds: body.phone_number_ids ?? null,
      description: body.description ?? null,
      ordered: body.ordered ?? false,
      buffer: body.buffer ? { max: BUFFER_MAX, ...body.buffer } : null,
    });
    const data = { ...renderSubscription(made), initial_secret: made.initialSecret };
    return { status: made.isNew ? 201 : 200, body: { data, request_id: call.requestId } };
  },
};

export const listWebhookSubscriptions: Endpoint = {
  method: 'GET',
  path: '/webhook_subscriptions',
  summary: 'List the webhook subscriptions, all on one page.',
  budget: 'mount',
  async handle(call) {
    const all = await call.rooms.webhooks.list(call.caller.organisationId);
    const data = all.map(renderSubscription);
    return { status: 200, body: { data, has_more: false, next_cursor: null, request_id: call.requestId } };
  },
};

export const getWebhookSubscription: Endpoint = {
  method: 'GET',
  path: '/webhook_subscriptions/:id',
  summary: 'Show one webhook subscription.',
  budget: 'mount',
  async handle(call) {
    const found = await call.rooms.webhooks.read(call.caller.organisationId, call.params['id'] ?? '');
    return { status: 200, body: { data: renderSubscription(found), request_id: call.requestId } };
  },
};

const changing = exactly({
  url: Type.Optional(url),
  events: Type.Optional(events),
  ...optional,
  status: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('paused')])),
});

export const changeWebhookSubscription: Endpoint = {
  method: 'PATCH',
  path: '/webhook_subscriptions/:id',
  summary: 'Change a webhook subscription; `status` pauses it and turns it on again.',
  budget: 'mount',
  async handle(call) {
    const { phone_number_ids: phoneNumberIds, buffer, ...rest } = readBody(call, changing);
    const change = {
      ...rest,
      ...(phoneNumberIds === undefined ? {} : { phoneNumberIds }),
      ...(buffer === undefined ? {} : { buffer: buffer && { max: BUFFER_MAX, ...buffer } }),
    };
    const id = call.params['id'] ?? '';
    const changed = await call.rooms.webhooks.change(call.caller.organisationId, id, change);
    return { status: 200, body: { data: renderSubscription(changed), request_id: call.requestId } };
  },
};

export const deleteWebhookSubscription: Endpoint = {
  method: 'DELETE',
  path: '/webhook_subscriptions/:id',
  summary: 'Take a webhook subscription away; what waits for it goes to nobody.',
  budget: 'mount',
  async handle(call) {
    const id = call.params['id'] ?? '';
    await call.rooms.webhooks.remove(call.caller.organisationId, id);
    const data = { id, object: 'webhook_subscription', deleted: true };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};

export const testWebhookSubscription: Endpoint = {
  method: 'POST',
  path: '/webhook_subscriptions/:id/test',
  summary: 'Send a webhook subscription an event that says nothing.',
  budget: 'mount',
  async handle(call) {
    const id = call.params['id'] ?? '';
    const eventId = await call.rooms.webhooks.test(call.caller.organisationId, id);
    const data = { id: eventId, object: 'event', type: 'webhook.test', subscription_id: id };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};
