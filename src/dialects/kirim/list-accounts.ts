// GET /v1/accounts: the connected numbers, all on one page.
import { KurirError } from '../../kernel/errors.ts';
import { listNumbers } from '../../organisations/numbers.ts';
import type { Endpoint } from '../dialect.ts';

export const listAccounts: Endpoint = {
  method: 'GET',
  path: '/accounts',
  summary: 'List the connected numbers (`status=all`: every number).',
  budget: 'mount',
  async handle(call) {
    const status = call.query['status'] ?? 'connected';
    if (status !== 'connected' && status !== 'all')
      throw new KurirError('invalid_field_value', 'status must be connected or all.', { param: 'status' });
    const numbers = await listNumbers(call.rooms.ctx, call.caller.organisationId, { all: status === 'all' });
    const data = numbers.map((number) => ({
      object: 'account',
      phone_number_id: number.phoneNumberId,
      phone_number: `+${number.phone}`,
      name: number.verifiedName,
      status: number.status,
      ...(number.statusReason === null ? {} : { status_reason: number.statusReason }),
      ...(Object.keys(number.notes).length === 0 ? {} : { meta: number.notes }),
    }));
    return { status: 200, body: { data, has_more: false, next_cursor: null, request_id: call.requestId } };
  },
};
