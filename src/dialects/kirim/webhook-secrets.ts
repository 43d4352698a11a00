// /v1/webhook_subscriptions/{id}/secrets: rotation. The new secret signs at once and has no end; the earlier ones go on signing beside it
// for as long as is asked for, so that a receiver loses nothing while it learns the new one.
import { Type } from 'typebox';

import { exactly } from '../../meta/kinds/kind.ts';
import type { Endpoint } from '../dialect.ts';
import { readBody } from '../read-body.ts';

const HOUR_MS = 3_600_000;
const OVERLAP_HOURS = 24;
const OVERLAP_HOURS_MAX = 720;

const rotation = exactly({
  expires_in_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OVERLAP_HOURS_MAX,
      description: 'How long the earlier secrets go on signing; 0: not at all.',
    }),
  ),
});

export const createWebhookSecret: Endpoint = {
  method: 'POST',
  path: '/webhook_subscriptions/:id/secrets',
  summary: 'Make a new secret, shown this once; the earlier ones sign for some hours more.',
  budget: 'mount',
  async handle(call) {
    const { expires_in_hours: hours = OVERLAP_HOURS } = readBody(
      { ...call, body: call.body ?? {} },
      rotation,
    );
    const id = call.params['id'] ?? '';
    const made = await call.rooms.webhooks.rotate(call.caller.organisationId, id, hours * HOUR_MS);
    const data = {
      id: made.id,
      object: 'webhook_secret',
      subscription_id: id,
      secret: made.secret,
      created_at: made.createdAt.toISOString(),
      expires_at: null,
      earlier_expire_at: new Date(made.createdAt.getTime() + hours * HOUR_MS).toISOString(),
    };
    return { status: 201, body: { data, request_id: call.requestId } };
  },
};

export const deleteWebhookSecret: Endpoint = {
  method: 'DELETE',
  path: '/webhook_subscriptions/:id/secrets/:secret_id',
  summary: 'Take a secret away at once.',
  budget: 'mount',
  async handle(call) {
    const { id = '', secret_id: secretId = '' } = call.params;
    await call.rooms.webhooks.removeSecret(call.caller.organisationId, id, secretId);
    const data = { id: secretId, object: 'webhook_secret', deleted: true };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};
