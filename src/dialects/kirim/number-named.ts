// The number that the flat paths leave to the body: by its phone as `from`, or the only one there is.
import { KurirError } from '../../kernel/errors.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import type { BusinessNumber } from '../../organisations/numbers.ts';
import type { Call } from '../dialect.ts';

/** Throws `whatsapp_number_not_verified`, `missing_required_field`, `invalid_phone_number` or `resource_not_found`. */
export async function numberNamed(call: Call, from: unknown): Promise<BusinessNumber> {
  const { organisationId } = call.caller;
  if (from === undefined) {
    const [only, ...others] = call.rooms.numbers.connectedNumbers(organisationId);
    if (!only)
      throw new KurirError(
        'whatsapp_number_not_verified',
        'No WhatsApp number of your organisation is connected: connect one with "kurir numbers add".',
      );
    if (others.length > 0)
      throw new KurirError(
        'missing_required_field',
        'from is required: your organisation has several connected numbers.',
        { param: 'from' },
      );
    return only;
  }
  const digits = typeof from === 'string' ? phoneDigits(from) : null;
  if (digits === null)
    throw new KurirError(
      'invalid_phone_number',
      'from must be a phone number in E.164 format, such as +628111222333.',
      { param: 'from' },
    );
  const number = await call.rooms.numbers.findNumberByPhone(organisationId, digits);
  if (!number)
    throw new KurirError('resource_not_found', 'from is not a number of your organisation.', {
      param: 'from',
    });
  return number;
}
