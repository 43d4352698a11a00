// What a subscription may be: its events are ones there are, its numbers the caller's, and it collects only where that can be told.
import { EVENT_GROUPS, EVENT_TYPES, isEventType } from '../events/event.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import { isFor, type Subscription } from './subscription.ts';

const EVENTS_MAX = 100;

/** Each once; throws `invalid_field_value`. */
export function checkEvents(events: readonly string[]): string[] {
  const unknown = events.find((one) => one !== '*' && !EVENT_GROUPS.includes(one) && !isEventType(one));
  if (unknown !== undefined)
    throw new KurirError(
      'invalid_field_value',
      `${JSON.stringify(unknown.slice(0, 80))} is no event. There are ${EVENT_TYPES.join(', ')}, meta.<field of Meta's>; ` +
        `${EVENT_GROUPS.join(', ')} for all of a kind, and * for all.`,
      { param: 'events' },
    );
  if (events.length === 0 || events.length > EVENTS_MAX)
    throw new KurirError('invalid_field_value', `events must name 1 to ${EVENTS_MAX} events, or "*".`, {
      param: 'events',
    });
  return [...new Set(events)];
}

/** A listener fetches things as they come; and what is collected goes out as one body, which only one dialect has a form for. */
export function checkLines({
  url,
  dialect,
  events,
  ordered,
  buffer,
}: Pick<Subscription, 'url' | 'dialect' | 'events' | 'ordered' | 'buffer'>): void {
  if (url === null && ordered)
    throw new KurirError(
      'invalid_field_value',
      'A listener fetches things as they come: leave ordered out.',
      {
        param: 'ordered',
      },
    );
  if (buffer === null) return;
  const why =
    url === null
      ? 'A listener collects nothing'
      : dialect !== 'kapso'
        ? 'Only the dialect kapso has a form for several messages in one body'
        : isFor({ events, phoneNumberIds: null }, { type: 'message.received' })
          ? null
          : 'What is collected are customers’ messages, and events does not name message.received';
  if (why !== null)
    throw new KurirError('invalid_field_value', `${why}: leave buffer out.`, { param: 'buffer' });
}

/** Throws `resource_not_found`. */
export async function checkNumbers(
  numbers: Pick<NumberDirectory, 'findNumber'>,
  {
    organisationId,
    phoneNumberIds,
  }: { organisationId: OrganisationId; phoneNumberIds: readonly string[] | null },
): Promise<void> {
  for (const [i, id] of (phoneNumberIds ?? []).entries())
    if (!(await numbers.findNumber(organisationId, id)))
      throw new KurirError(
        'resource_not_found',
        'There is no number with this phone_number_id in your organisation.',
        { param: `phone_number_ids[${i}]` },
      );
}
