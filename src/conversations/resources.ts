// Conversations and contacts as resources. Events carry them too, which is why they are made here and not by the dialect they are named after.
import type { JsonObject } from '../kernel/json.ts';
import type { Contact, Conversation, Label, Labelled, Named } from './conversation.ts';
import { windowEnd, windowIsOpen } from './window.ts';

/** @param businessPhone the number's own, in digits */
export function conversationResource(
  conversation: Conversation,
  businessPhone: string,
  now: number,
): JsonObject {
  const { contact, lastInboundAt, assignee } = conversation;
  return {
    id: conversation.id,
    object: 'conversation',
    phone_number_id: conversation.phoneNumberId,
    status: conversation.status,
    ...(contact === null ? { contact, group_id: conversation.key } : { contact: shownContact(contact) }),
    whatsapp_account: { phone_number: `+${businessPhone}` },
    assignee: assignee === null ? null : { id: assignee, name: null, email: null },
    labels: conversation.labels.map(shownLabel),
    unread_count: conversation.unreadCount,
    last_message_at: conversation.lastMessageAt.toISOString(),
    last_inbound_at: lastInboundAt?.toISOString() ?? null,
    last_outbound_at: conversation.lastOutboundAt?.toISOString() ?? null,
    window: {
      open: windowIsOpen(lastInboundAt, now),
      expires_at: windowEnd(lastInboundAt)?.toISOString() ?? null,
    },
    created_at: conversation.createdAt.toISOString(),
    updated_at: conversation.updatedAt.toISOString(),
  };
}

/** @param businessPhone the number's own, in digits */
export function contactResource(contact: Contact, businessPhone: string): JsonObject {
  return {
    ...shownContact(contact),
    object: 'contact',
    profile_name: contact.profileName,
    email: contact.email,
    metadata: contact.metadata,
    labels: contact.labels.map(shownLabel),
    phone_number_id: contact.phoneNumberId,
    whatsapp_account: { phone_number: `+${businessPhone}` },
    created_at: contact.createdAt.toISOString(),
    updated_at: contact.updatedAt.toISOString(),
  };
}

/** Kurir has no teams: the organisation is its only one. */
export function labelResource(label: Label, organisationId: string): JsonObject {
  return {
    ...shownLabel(label),
    team_id: organisationId,
    created_at: label.createdAt.toISOString(),
    updated_at: label.updatedAt.toISOString(),
  };
}

function shownLabel({ id, name, color }: Labelled): JsonObject {
  return { id, object: 'label', name, color };
}

function shownContact({ id, phone, name, userId, username }: Named): JsonObject {
  return {
    id,
    phone_number: phone === null ? null : shownPhone(phone),
    name,
    user_id: userId,
    username,
  };
}

function shownPhone(phone: string): string {
  return /^\d+$/.test(phone) ? `+${phone}` : phone;
}
