// One event of each type, for whoever renders them: a type that is added does not compile until it stands here.
import type {
  Event,
  EVENT_TYPES,
  MessageOutbound,
  MessageReceived,
  MessageStatus,
} from '../../../src/events/event.ts';
import type { JsonObject } from '../../../src/kernel/json.ts';
import { ANI, METADATA } from '../inbound/golden-people.ts';
import { WABA_ID } from '../../support/house.ts';

export const AT = 1_780_000_000_123;
export const WAMID = 'wamid.HBgMNjI4MTExMjIyMzMzFQIAEhgUM0E+/w==';
export const ORGANISATION = 'org_0000000000000000000000000A';
const CONVERSATION = 'cnv_0000000000000000000000000B';
const CONTACT = 'ctc_0000000000000000000000000C';
export const MESSAGE = 'msg_0000000000000000000000000D';
const SUBSCRIPTION = 'wbs_0000000000000000000000000E';

const number = {
  phoneNumberId: METADATA.phone_number_id,
  wabaId: WABA_ID,
  phone: METADATA.display_phone_number,
  displayPhoneNumber: `+${METADATA.display_phone_number}`,
};

export const PERSON = { id: CONTACT, name: ANI.name, phone: ANI.phone, userId: ANI.userId } as const;

export const ABOUT = {
  id: 'evt_0000000000000000000000000F',
  organisationId: ORGANISATION,
  at: AT,
  number,
  messageId: MESSAGE,
  wamid: WAMID,
  conversationId: CONVERSATION,
  conversation: ANI.phone,
  person: PERSON,
} as const;

export const CONTACTS = [{ profile: { name: ANI.name }, wa_id: ANI.phone, user_id: ANI.userId }];

const outbound = {
  type: 'text',
  body: {
    messaging_product: 'whatsapp',
    to: `+${ANI.phone}`,
    type: 'text',
    text: { body: 'Pesanan Anda siap' },
  },
  createdAt: AT - 5_000,
  callbackData: 'pesanan-17',
  source: 'api',
} as const;

const contact = { id: CONTACT, object: 'contact', phone_number: `+${ANI.phone}`, name: ANI.name };
const conversation = { id: CONVERSATION, object: 'conversation', status: 'open', unread_count: 1 };
const stamped = { from: ANI.phone, from_user_id: ANI.userId, id: WAMID, timestamp: '1780000000' };

const received: Omit<MessageReceived, 'type' | 'message' | 'isNewConversation'> = {
  ...ABOUT,
  field: 'messages',
  contacts: CONTACTS,
  errors: [],
  media: null,
};

export function status(
  name: 'sent' | 'delivered' | 'read' | 'played' | 'failed',
  more: JsonObject = {},
): MessageStatus {
  const sentAt = AT - 3_000;
  return {
    ...ABOUT,
    type: 'message.status',
    status: name,
    told: {
      id: WAMID,
      status: name,
      timestamp: '1780000000',
      recipient_id: ANI.phone,
      recipient_user_id: ANI.userId,
      biz_opaque_callback_data: 'pesanan-17',
      ...more,
    },
    contacts: CONTACTS,
    own: false,
    outbound,
    times: { sent: sentAt, delivered: null, read: null, failed: null },
  };
}

type SampleType = (typeof EVENT_TYPES)[number] | 'meta.account_update';

type EventOf<Type, One = Event> = One extends Event ? (Type extends One['type'] ? One : never) : never;

export const SAMPLES: { [Type in SampleType]: EventOf<Type> } = {
  'message.received': {
    ...received,
    type: 'message.received',
    message: { ...stamped, type: 'text', text: { body: 'Halo' } },
    isNewConversation: true,
  },
  'message.edited': {
    ...received,
    type: 'message.edited',
    message: {
      ...stamped,
      type: 'edit',
      edit: { original_message_id: 'wamid.1', message: { type: 'text', text: { body: 'Halo!' } } },
    },
    isNewConversation: false,
  },
  'message.revoked': {
    ...received,
    type: 'message.revoked',
    message: { ...stamped, type: 'revoke', revoke: { original_message_id: 'wamid.1' } },
    isNewConversation: false,
  },
  'message.status': status('delivered'),
  'message.created': { ...ABOUT, wamid: null, type: 'message.created', outbound, echo: null },
  'message.sent': { ...ABOUT, type: 'message.sent', outbound, echo: null },
  'message.duplicate_detected': {
    ...ABOUT,
    type: 'message.duplicate_detected',
    wamids: [WAMID, 'wamid.2'],
  },
  'message.media': {
    ...ABOUT,
    type: 'message.media',
    messageType: 'image',
    media: { status: 'ready', url: 'https://kurir.example/media/1', mimeType: 'image/png', size: 68 },
  },
  'conversation.created': { ...ABOUT, type: 'conversation.created', resource: conversation },
  'conversation.assigned': {
    ...ABOUT,
    type: 'conversation.assigned',
    resource: conversation,
    assignedTo: 'usr_1',
    assignedBefore: null,
  },
  'conversation.closed': {
    ...ABOUT,
    type: 'conversation.closed',
    resource: { ...conversation, status: 'resolved' },
  },
  'conversation.reopened': {
    ...ABOUT,
    type: 'conversation.reopened',
    resource: conversation,
    reopenedBy: MESSAGE,
  },
  'contact.created': {
    ...ABOUT,
    type: 'contact.created',
    contactId: CONTACT,
    resource: contact,
    acquisitionSource: 'inbound',
  },
  'contact.updated': {
    ...ABOUT,
    type: 'contact.updated',
    contactId: CONTACT,
    resource: contact,
    changedFields: ['name'],
  },
  'contact.identity_updated': {
    ...ABOUT,
    type: 'contact.identity_updated',
    contactId: CONTACT,
    resource: contact,
    changedFields: ['phone_number'],
  },
  'webhook_subscription.disabled': {
    ...ABOUT,
    type: 'webhook_subscription.disabled',
    subscriptionId: SUBSCRIPTION,
    url: 'https://kopi.example/hook',
    reason: '20 deliveries in a row failed',
  },
  'webhook.test': { ...ABOUT, type: 'webhook.test', subscriptionId: SUBSCRIPTION },
  'meta.account_update': {
    ...ABOUT,
    type: 'meta.account_update',
    wabaId: WABA_ID,
    time: 1_780_000_000,
    number: null,
    field: 'account_update',
    value: { event: 'VERIFIED_ACCOUNT' },
  },
};

/** An echo: what the business wrote with the phone app. */
export const ECHO: MessageOutbound = {
  ...ABOUT,
  type: 'message.sent',
  outbound: { ...outbound, callbackData: null, source: 'app' },
  echo: {
    field: 'smb_message_echoes',
    message: {
      from: number.phone,
      to: ANI.phone,
      id: WAMID,
      timestamp: '1780000000',
      type: 'text',
      text: { body: 'Dari ponsel' },
    },
    contacts: [],
  },
};
