// A message of Meta's that was written outside of Kurir: read leniently, kept whole.
import type { Failure } from '../kernel/errors.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { WrittenElsewhere } from '../messages/keep-elsewhere.ts';
import { RANKS, type Direction, type MessageState } from '../messages/message.ts';
import { instantMs, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { idOfMessage, WAMID_CHARACTERS_MAX } from './apply-messages.ts';
import { KEY_CHARACTERS_MAX } from './sender.ts';

export interface About {
  number: BusinessNumber;
  source: 'app' | 'history';
  /** The customer, where the message does not say it: of the thread it stands in. */
  customer?: string | undefined;
  now: number;
}

/** Undefined for what has no id, or is with nobody. */
export function readElsewhere(message: JsonObject, about: About): WrittenElsewhere | undefined {
  const { number, source } = about;
  const wamid = text(message['id']);
  const isOurs = source === 'app' || digitsOf(message['from']) === number.phone;
  const customer = isOurs
    ? (digitsOf(message['to']) ?? text(message['to_user_id']))
    : (digitsOf(message['from']) ?? text(message['from_user_id']));
  const conversation = text(message['group_id']) ?? customer ?? about.customer;
  if (wamid === undefined || conversation === undefined) return undefined;
  if (wamid.length > WAMID_CHARACTERS_MAX || conversation.length > KEY_CHARACTERS_MAX) return undefined;
  const told = instantMs(message['timestamp']);
  return {
    organisationId: number.organisationId,
    id: idOfMessage(number, { wamid, told }),
    phoneNumberId: number.phoneNumberId,
    direction: isOurs ? 'outbound' : 'inbound',
    source,
    type: (text(message['type']) ?? 'unknown').slice(0, 100),
    recipient: isOurs ? conversation : number.phone,
    conversation,
    message,
    wamid,
    at: Math.min(told ?? about.now, about.now),
    ...stateOf(message, isOurs ? 'outbound' : 'inbound'),
  };
}

const FAILED: Failure = {
  code: 'whatsapp_error',
  message: 'WhatsApp’s history says that it failed.',
  providerCode: null,
};

// What history says of it; an echo was sent.
function stateOf(
  message: JsonObject,
  direction: Direction,
): { state: MessageState; rank: number; failure: Failure | null } {
  const context = isObject(message['history_context']) ? message['history_context'] : {};
  const said = text(context['status'])?.toLowerCase();
  if (said === 'read' || said === 'played') return { state: 'read', rank: RANKS.read, failure: null };
  if (said === 'delivered' || direction === 'inbound')
    return { state: 'delivered', rank: RANKS.delivered, failure: null };
  if (said === 'error') return { state: 'failed', rank: RANKS.failed, failure: FAILED };
  return said === 'pending'
    ? { state: 'pending', rank: RANKS.pending, failure: null }
    : { state: 'sent', rank: RANKS.sent, failure: null };
}

function digitsOf(value: JsonObject[string] | undefined): string | undefined {
  return text(value)?.replace(/^\+/, '');
}
