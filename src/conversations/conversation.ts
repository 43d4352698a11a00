// What a conversation is, and the contact at its other end: one customer of one number. A group has a conversation and is nobody.
import type { ContactId, ConversationId, LabelId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';

export const CONVERSATION_STATUSES = ['open', 'resolved', 'pending'] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

/** Of whoever a conversation is assigned to: an id of the application's own. */
export const ASSIGNEE_CHARACTERS_MAX = 200;

/** What an organisation calls its contacts and conversations. */
export interface Label {
  id: LabelId;
  name: string;
  color: LabelColor;
  createdAt: Date;
  updatedAt: Date;
}

/** A label as it stands on something. */
export type Labelled = Pick<Label, 'id' | 'name' | 'color'>;

export const LABEL_COLORS = [
  'gray',
  'red',
  'orange',
  'amber',
  'yellow',
  'lime',
  'green',
  'emerald',
  'teal',
  'sky',
  'blue',
  'violet',
  'pink',
] as const;
export type LabelColor = (typeof LABEL_COLORS)[number];

export interface Conversation {
  id: ConversationId;
  phoneNumberId: string;
  /** As in `messages.conversation`. */
  key: string;
  status: ConversationStatus;
  /** Whoever the application says: Kurir knows no people. */
  assignee: string | null;
  unreadCount: number;
  lastMessageAt: Date;
  lastInboundAt: Date | null;
  lastOutboundAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  /** Null for a group. */
  contact: Named | null;
  labels: Labelled[];
}

/** Who it is, as far as is known. */
export interface Named {
  id: ContactId;
  /** As people set it, else as the business’s address book has it, else as WhatsApp tells it. */
  name: string | null;
  /** Digits. */
  phone: string | null;
  userId: string | null;
  username: string | null;
}

export interface Contact extends Named {
  phoneNumberId: string;
  /** Of the conversation with it. */
  key: string;
  parentUserId: string | null;
  profileName: string | null;
  email: string | null;
  metadata: JsonObject | null;
  labels: Labelled[];
  createdAt: Date;
  updatedAt: Date;
}

/** What a conversation's key alone says of whose it is; both are null for a group. */
export function namesInKey(key: string): { phone: string | null; userId: string | null } {
  return { phone: PHONE.test(key) ? key : null, userId: USER_ID.test(key) ? key : null };
}

const PHONE = /^\d+$/;
// As Meta writes them.
const USER_ID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+$/;
