// What subscribers hear of a message that was accepted.
import type { Context } from '../context.ts';
import type { MessageOutbound } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import type { MessageId, OrganisationId } from '../kernel/ids.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { aboutMessage } from './about-message.ts';

export interface AcceptedMessage {
  organisationId: OrganisationId;
  phoneNumberId: string;
  id: MessageId;
  conversation: string;
  type: string;
  message: OutboundMessage['body'];
  callbackData: string | null;
  at: number;
}

export function wantsCreated(
  teller: Teller,
  { organisationId, phoneNumberId }: Pick<AcceptedMessage, 'organisationId' | 'phoneNumberId'>,
): boolean {
  return teller.wants(organisationId, { type: 'message.created', phoneNumberId });
}

export function eventsOfAccepted(
  ctx: Context,
  numbers: Pick<NumberDirectory, 'numberAnywhere'>,
  accepted: readonly AcceptedMessage[],
): MessageOutbound[] {
  const now = ctx.clock.now();
  return accepted.flatMap((one) => {
    const number = numbers.numberAnywhere(one.phoneNumberId);
    if (!number) return [];
    const row = { ...one, messageId: one.id, wamid: null };
    const outbound = {
      type: one.type,
      body: one.message,
      createdAt: one.at,
      callbackData: one.callbackData,
      source: 'api' as const,
    };
    return [
      { ...aboutMessage(row, { number, now }), type: 'message.created' as const, outbound, echo: null },
    ];
  });
}
