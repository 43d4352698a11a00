// GET /v1/{phone_number_id}/messages/{id}/media and GET /v1/messages/{id}/media: to the bytes of a message, by a signed address of ours.
import { isObject } from '../../kernel/json.ts';
import { KurirError } from '../../kernel/errors.ts';
import { findOfMeta } from '../../media/find-of-meta.ts';
import { mediaUrl } from '../../media/media-link.ts';
import { mediaIdOf } from '../../media/media.ts';
import { requireReady } from '../../media/require-ready.ts';
import { mediaIn } from '../../meta/inbound-media.ts';
import type { Message } from '../../messages/message.ts';
import { readMessage } from '../../messages/read-messages.ts';
import { requireNumber, type Answer, type Call, type Endpoint } from '../dialect.ts';

export const getMessageMedia: Endpoint = {
  method: 'GET',
  path: '/:phone_number_id/messages/:id/media',
  summary: 'Go to the media file of a message of a number.',
  budget: 'mount',
  handle: async (call) => redirect(call, (await requireNumber(call)).phoneNumberId),
};

export const getFlatMessageMedia: Endpoint = {
  method: 'GET',
  path: '/messages/:id/media',
  summary: 'Go to the media file of a message of any number.',
  budget: 'mount',
  handle: (call) => redirect(call, undefined),
};

async function redirect(call: Call, phoneNumberId: string | undefined): Promise<Answer> {
  const { organisationId } = call.caller;
  const { ctx } = call.rooms;
  const { message } = await readMessage(ctx, organisationId, {
    id: call.params['id'] ?? '',
    ...(phoneNumberId === undefined ? {} : { phoneNumberId }),
  });
  const medium = await requireReady(ctx, { organisationId, id: await mediaIdIn(call, message) });
  const url = mediaUrl(ctx, medium);
  return { status: 302, body: { data: { url }, request_id: call.requestId }, headers: { Location: url } };
}

// What a customer sent has the id of its message; what was sent has what was uploaded, by the id that Meta was told.
async function mediaIdIn(call: Call, message: Message): Promise<string> {
  const { body, type, phoneNumberId } = message;
  if (isObject(body) && mediaIn(body) !== null) return mediaIdOf(message.id);
  const part = isObject(body) ? body[type] : undefined;
  const metaId = isObject(part) ? part['id'] : undefined;
  const found =
    typeof metaId === 'string'
      ? await findOfMeta(call.rooms.ctx, call.caller.organisationId, {
          metaId,
          phoneNumberIds: [phoneNumberId],
        })
      : undefined;
  if (found) return found.medium.id;
  throw new KurirError('resource_not_found', 'This message has no media file that is kept here.');
}
