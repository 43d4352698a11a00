// POST /v1/messages, Kirim's older form: the sender stands in the body as `from`, media come by `url`.
import { KurirError } from '../../kernel/errors.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import { parseOutbound, type OutboundMessage } from '../../meta/outbound.ts';
import { requireObject, type Endpoint } from '../dialect.ts';
import { numberNamed } from './number-named.ts';
import { sendAs, withLanguageObject } from './post-message.ts';

export const postFlatMessage: Endpoint = {
  method: 'POST',
  path: '/messages',
  summary: 'Send a message from the number named in `from`, or from the only one there is.',
  budget: 'endpoint',
  async handle(call) {
    const { from, ...rest } = requireObject(call);
    const message = parseFlat(rest);
    return sendAs(call, { message, status: 202, number: () => numberNamed(call, from) });
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
