// A message with Meta's ids where the caller wrote ours: of media that live at Meta, and of the message that it quotes or reacts to.
import { isId, type OrganisationId } from '../kernel/ids.ts';
import { KurirError } from '../kernel/errors.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { Uploads } from '../media/uploads.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Database } from '../storage/db.ts';
import { mediaNamedIn, withLivingMedia } from './living-media.ts';
import { findMessage } from './message-store.ts';

interface Naming {
  organisationId: OrganisationId;
  number: BusinessNumber;
  message: OutboundMessage;
}

/** The refusal, where Meta has no such thing. No promise for what names nothing of ours. */
export function withMetaIds(
  db: Database,
  uploads: Uploads,
  { organisationId, number, message }: Naming,
): OutboundMessage | Promise<OutboundMessage | KurirError> {
  const named = mediaNamedIn(message);
  const quotes = quotedIn(message.body);
  if (named.length === 0 && quotes.length === 0) return message;
  return renamed().catch((error: unknown) => {
    if (error instanceof KurirError) return error;
    throw error;
  });

  async function renamed(): Promise<OutboundMessage> {
    const body = { ...message.body };
    for (const { member, said, id } of quotes) {
      const quoted = await findMessage(db, organisationId, { id, phoneNumberId: number.phoneNumberId });
      if (!quoted?.wamid) throw notThere(member, quoted !== undefined);
      body[member] = { ...said, message_id: quoted.wamid };
    }
    return withLivingMedia(uploads, number, { message: { ...message, body }, named });
  }
}

interface Quote {
  member: string;
  said: JsonObject;
  id: string;
}

function quotedIn(body: JsonObject): Quote[] {
  return ['context', 'reaction'].flatMap((member) => {
    const said = body[member];
    const id = isObject(said) ? said['message_id'] : undefined;
    return isObject(said) && typeof id === 'string' && isId('msg', id) ? [{ member, said, id }] : [];
  });
}

function notThere(member: string, known: boolean): KurirError {
  const param = `${member}.message_id`;
  return known
    ? new KurirError(
        'invalid_field_value',
        `${param} is of a message that Meta has not taken: name one that has a message_id (a wamid).`,
        { param },
      )
    : new KurirError('resource_not_found', `${param}: this number has no such message.`, { param });
}
