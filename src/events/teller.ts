// How a state change is told: whoever writes it records its events in the same transaction, so that neither is ever there without the
// other. Who hears of them is for the webhooks to know, which stand further right: they make the teller, and gateway.ts hands it on.
import type { OrganisationId } from '../kernel/ids.ts';
import type { Transaction } from '../storage/db.ts';
import type { Event, EventType } from './event.ts';

export interface Teller {
  /** Whether anybody may want to hear of it, of this number or (without one) of any: asked first, because most state changes have nobody to
   *  hear of them. */
  wants(organisationId: OrganisationId, about: { type: EventType; phoneNumberId?: string | null }): boolean;
  /** Renders the events once for each dialect they are wanted in, and writes them with their deliveries in this transaction. */
  record(tx: Transaction, events: readonly Event[]): Promise<Told>;
}

export interface Told {
  /** After the commit: what was recorded may go out. Without it (a crash) it goes out a little later. */
  committed(): void;
}
