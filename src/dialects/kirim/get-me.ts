// GET /v1/me: whose key this is, and its budgets.
import type { Endpoint } from '../dialect.ts';

export const getMe: Endpoint = {
  method: 'GET',
  path: '/me',
  summary: 'Show the organisation, the key and the budgets of this request.',
  budget: 'mount',
  async handle(call) {
    const { caller } = call;
    const data = {
      organization: { id: caller.organisationId, object: 'organization', name: caller.organisationName },
      api_key: { id: caller.keyId, object: 'api_key', label: caller.label, last4: caller.last4 },
      rate_limits: {
        tier: 'self_hosted',
        write_per_minute: caller.writePerMinute,
        read_per_minute: caller.readPerMinute,
      },
    };
    return { status: 200, body: { data, request_id: call.requestId } };
  },
};
