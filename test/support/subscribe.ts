// Subscriptions of the house's organisation, made as its API makes them.
import type { OrganisationId } from '../../src/kernel/ids.ts';
import type { NewSubscription } from '../../src/webhooks/make-subscription.ts';
import type { Subscriptions } from '../../src/webhooks/subscriptions.ts';
import type { House } from './house.ts';

/** In the kirim dialect to every event, unless told otherwise. */
export function subscribe(
  house: Pick<House, 'gateway' | 'organisationId'>,
  about: Partial<NewSubscription> = {},
): ReturnType<Subscriptions['create']> {
  return house.gateway.webhooks.create({
    organisationId: house.organisationId as OrganisationId,
    url: null,
    dialect: 'kirim',
    events: ['*'],
    phoneNumberIds: null,
    description: null,
    ordered: false,
    buffer: null,
    ...about,
  });
}
