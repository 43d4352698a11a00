// Deliveries as their organisation sees them: listed, shown with what was sent and what came of it, and sent again.
import type { Context } from '../context.ts';
import { createCursor } from '../kernel/cursor.ts';
import { KurirError } from '../kernel/errors.ts';
import { isId, leastId, momentOf, newId, type DeliveryId, type OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import type { Deliverer } from './deliverer.ts';
import type { Delivery, DeliveryState, Said } from './delivery.ts';
import {
  findDelivery,
  insertReplays,
  listDeliveries,
  selectReplayable,
  type DeliveryRange,
  type Place,
} from './delivery-log-store.ts';
import { lockSubscription } from './subscription-store.ts';
import type { SubscriptionDirectory } from './subscription-directory.ts';
import { missing } from './subscriptions.ts';

export interface DeliveryFilter {
  subscriptionId: string | undefined;
  state: DeliveryState | undefined;
  type: string | undefined;
  createdAfter: Date | undefined;
  createdBefore: Date | undefined;
}

export interface Deliveries {
  /** A page, newest first; throws `invalid_cursor`. */
  list(
    organisationId: OrganisationId,
    page: { filter: DeliveryFilter; limit: number; cursor: string | undefined },
  ): Promise<{ deliveries: Delivery[]; nextCursor: string | null }>;
  /** Throws `resource_not_found`. */
  read(organisationId: OrganisationId, id: string): Promise<{ delivery: Delivery; said: Said | null }>;
  /** Sends one again, whatever became of it, at once; its id is new, its event's is not. */
  replay(organisationId: OrganisationId, id: string): Promise<DeliveryId>;
  /** Sends the dead ones of a subscription again: the oldest first, so many at the most, and none that was sent again before. */
  replayDead(
    organisationId: OrganisationId,
    subscriptionId: string,
    filter: Pick<DeliveryFilter, 'type' | 'createdAfter' | 'createdBefore'>,
  ): Promise<{ enqueued: number; capped: boolean }>;
}

export interface DeliveriesParts {
  directory: SubscriptionDirectory;
  deliverer: Pick<Deliverer, 'wake'>;
}

const REPLAYS_MAX = 1_000;

export function createDeliveries(ctx: Context, parts: DeliveriesParts): Deliveries {
  function wake(subscriptionId: string): void {
    const known = isId('wbs', subscriptionId) ? parts.directory.find(subscriptionId) : undefined;
    if (known) parts.deliverer.wake([known]);
  }

  function replay(
    tx: Queryable,
    organisationId: OrganisationId,
    places: readonly Place[],
  ): Promise<DeliveryId[]> {
    const now = ctx.clock.now();
    const replays = places.map((place) => ({ ...place, newId: newId('wbd', now), single: null, turn: null }));
    return insertReplays(tx, organisationId, { replays, now });
  }

  async function read(
    organisationId: OrganisationId,
    id: string,
  ): Promise<{ delivery: Delivery; said: Said | null }> {
    if (!isId('wbd', id)) return notFound('There is no such webhook delivery in your organisation.');
    const found = await findDelivery(ctx.db.reading, organisationId, { id, createdAt: momentOf(id) });
    return found ?? notFound(`There is no webhook delivery ${id} in your organisation.`);
  }

  return {
    async list(organisationId, { filter, limit, cursor }) {
      const cursors = createCursor(ctx.sealer.derive('cursor'), {
        organisationId,
        of: 'deliveries',
        ...filter,
      });
      const after = cursor === undefined ? undefined : cursors.read(cursor);
      const rows = await listDeliveries(ctx.db.reading, organisationId, {
        range: rangeOf(filter, after?.[1]),
        limit: limit + 1,
      });
      const deliveries = rows.slice(0, limit);
      const last = deliveries.at(-1);
      const more = rows.length > limit && last !== undefined;
      return { deliveries, nextCursor: more ? cursors.write([last.createdAt.toISOString(), last.id]) : null };
    },
    read,
    async replay(organisationId, id) {
      const { delivery } = await read(organisationId, id);
      const made = await ctx.db.transaction(async (tx) => {
        if (!(await lockSubscription(tx, organisationId, delivery.subscriptionId)))
          return notFound(`The webhook subscription ${delivery.subscriptionId} of this delivery is no more.`);
        return replay(tx, organisationId, [{ id: delivery.id, createdAt: delivery.createdAt.getTime() }]);
      });
      wake(delivery.subscriptionId);
      return made[0] ?? notFound('What this delivery said is not kept any more.');
    },
    async replayDead(organisationId, subscriptionId, filter) {
      const enqueued = await ctx.db.transaction(async (tx) => {
        // Locked, so that two who ask at once do not send the same twice.
        if (!(await lockSubscription(tx, organisationId, subscriptionId))) return missing(subscriptionId);
        const range = rangeOf({ ...filter, subscriptionId, state: 'dead' }, undefined);
        const dead = await selectReplayable(tx, organisationId, { range, limit: REPLAYS_MAX + 1 });
        const made = await replay(tx, organisationId, dead.slice(0, REPLAYS_MAX));
        return { enqueued: made.length, capped: dead.length > REPLAYS_MAX };
      });
      wake(subscriptionId);
      return enqueued;
    },
  };
}

// Moments as ids, so that a page begins where it should in the index.
function rangeOf(filter: DeliveryFilter, belowId: string | undefined): DeliveryRange {
  const { subscriptionId, state, type, createdAfter, createdBefore } = filter;
  const before = createdBefore && { id: leastIdAt(createdBefore.getTime()), at: createdBefore };
  const cursor = belowId === undefined ? undefined : { id: belowId, at: new Date(momentOf(belowId)) };
  const from = createdAfter && { id: leastIdAt(createdAfter.getTime() + 1), at: createdAfter };
  return { subscriptionId, state, type, below: cursor ?? before, from };
}

// No id is older than 1970.
function leastIdAt(ms: number): DeliveryId {
  return leastId('wbd', Math.max(0, ms));
}

function notFound(message: string): never {
  throw new KurirError('resource_not_found', message);
}
