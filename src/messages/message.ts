// The states of a message and their order. Statuses only go forward: whatever comes late, twice or out of order, the state of
// the highest rank stays (promise 6).
//
//   queued     ours to send                       intended   an attempt is open: its call is next or under way
//   unknown    Meta's answer was lost             pending    Meta took it (we hold a wamid)
//   sent, delivered, read                         as Meta tells by webhook (played counts as read)
//   failed     for good; `delivery_unknown` ranks just above pending, so that a later word of Meta's overrides it
//   void       forbidden: the answer to its accept was lost, and it must not appear later
import { FAILURES, type Failure } from '../kernel/errors.ts';

export type MessageState =
  | 'queued'
  | 'intended'
  | 'unknown'
  | 'pending'
  | 'sent'
  | 'failed'
  | 'delivered'
  | 'read'
  | 'void';
export const WIRE_STATUSES = ['queued', 'pending', 'sent', 'delivered', 'read', 'failed'] as const;
export type WireStatus = (typeof WIRE_STATUSES)[number];
export type Direction = 'inbound' | 'outbound';
export type Priority = 'high' | 'normal' | 'bulk';

export const RANKS = {
  open: 0,
  pending: 10,
  deliveryUnknown: 15,
  sent: 20,
  failed: 30,
  delivered: 40,
  read: 50,
} as const;

/** The lines of a lane: someone who waits goes before `normal`, `normal` before `bulk`; `watched` are open or unknown attempts. */
export const LINES = { high: 0, waited: 1, normal: 2, bulk: 3, watched: 9 } as const;

export interface Message {
  id: string;
  phoneNumberId: string;
  direction: Direction;
  /** Where it was written if not through Kurir: in an app of the business's, or, before it was connected, anywhere. */
  source: 'app' | 'history' | null;
  type: string;
  recipient: string;
  conversation: string;
  conversationId: string;
  body: unknown;
  callbackData: string | null;
  state: MessageState;
  mayHaveLeft: boolean;
  attempt: number;
  attemptAt: Date | null;
  unknownSince: Date | null;
  wamid: string | null;
  otherWamids: string[];
  failure: Failure | null;
  pricing: unknown;
  expiresAt: Date | null;
  /** When it is due, or looked at next; null: not before another one is settled, or never again. */
  readyAt: Date | null;
  createdAt: Date;
  pendingAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  readAt: Date | null;
  failedAt: Date | null;
}

/** What the outside sees: `queued` while nothing has left, `pending` once it has or may have. */
export function wireStatus(state: string, mayHaveLeft: boolean): WireStatus {
  switch (state) {
    case 'sent':
    case 'failed':
    case 'delivered':
    case 'read':
    case 'pending':
      return state;
    case 'intended':
    case 'unknown':
      return 'pending';
    default:
      return mayHaveLeft ? 'pending' : 'queued';
  }
}

/** The line in which a message waits for its turn. */
export function lineOf(priority: Priority, waitedFor: boolean): number {
  if (priority === 'normal') return waitedFor ? LINES.waited : LINES.normal;
  return LINES[priority];
}

/** Why a message whose caller was owed a wamid ends when the wait does; `unknown` where Meta said nothing that would be told instead. */
export const OWED_ENDS = {
  withdrawn: {
    code: 'withdrawn',
    message: 'Withdrawn: it could not be sent before the caller’s wait ended.',
    providerCode: null,
  },
  unknown: { code: 'delivery_unknown', message: FAILURES.delivery_unknown, providerCode: null },
} as const satisfies Record<string, Failure>;
