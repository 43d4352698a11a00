// One step of a message's progress, as Meta said it.
import type { Failure } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';

export interface Progress {
  organisationId: OrganisationId;
  phoneNumberId: string;
  messageId: string;
  wamid: string;
  status: 'pending' | 'sent' | 'failed' | 'delivered' | 'read';
  at: number;
  failure: Failure | null;
  pricing: unknown;
  /** Meta's own status, and the `contacts` beside it; null: it was the answer to the call. */
  told: { status: JsonObject; contacts: JsonObject[] } | null;
}
