// POST /v1/messages, Kirim's older form: the sender stands in the body as `from`, media come by `url`.
import { KurirError } from '../../kernel/errors.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import { phoneDigits } from '../../kernel/phone-number.ts';
import { parseOutbound, type OutboundMessage } from '../../meta/outbound.ts';
import type { BusinessNumber } from '../../organisations/numbers.ts';
import { requireObject, type Call, type Endpoint } from '../dialect.ts';
import { sendAs, withLanguageObject } from './post-message.ts';

export const postFlatMessage: Endpoint = {
  method: 'POST',
  path: '/messages',
  summary: 'Send a message from the number named in `from`, or from the only one there is.',
  budget: 'endpoint',
  async handle(call) {
    const { from, ...rest } = requireObject(call);
    const message = parseFlat(rest);
    return sendAs(call, { message, status: 202, number: () => numberOf(call, from) });
  },
};

const MEDIA = ['image', 'document', 'video', 'audio'] as const;

/** The body in Meta's shape; faults name the fields as the caller wrote them. */
export function parseFlat(flat: JsonObject): OutboundMessage {
  const media = MEDIA.find((type) => isObject(flat[type]) && flat[type]['url'] !== undefined);
  try {
    return parseOutbound(
      withLanguageObject({ messaging_product: 'whatsapp', ...(media ? withLink(flat, media) : flat) }),
      'closed',
    );
  } catch (error) {
    if (!(error instanceof KurirError) || !media) throw error;
    const { param, ...details } = error.details;
    const renamed = param === `${media}.link` ? `${media}.url` : param;
    const message = error.message.replaceAll(`${media}.link`, `${media}.url`);
    throw new KurirError(error.code, message, {
      ...details,
      ...(renamed === undefined ? {} : { param: renamed }),
    });
  }
}

function withLink(flat: JsonObject, media: (typeof MEDIA)[number]): JsonObject {
  const content = flat[media];
  if (!isObject(content)) return flat;
  const { url, ...rest } = content;
  return { ...flat, [media]: { ...rest, ...(url === undefined ? {} : { link: url }) } };
}

async function numberOf(call: Call, from: unknown): Promise<BusinessNumber> {
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
