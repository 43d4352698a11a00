// Subscriptions: who is told of what, made and changed by an organisation for itself. Secrets are shown once, when they are made.
import { randomBytes } from 'node:crypto';

import type { Context } from '../context.ts';
import { isEventType } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import { KurirError } from '../kernel/errors.ts';
import { isId, newId, type EventId, type OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { secretPlace, type SubscriptionDirectory } from './subscription-directory.ts';
import {
  deleteSecret,
  deleteSubscription,
  expireSecrets,
  insertSecret,
  insertSubscription,
  lockSubscription,
  selectSecrets,
  selectSubscription,
  selectSubscriptions,
  updateSubscription,
} from './subscription-store.ts';
import type { Buffering, OpenSecret, Secret, Subscription } from './subscription.ts';
import type { WebhookDialect } from './telling.ts';

export interface NewSubscription {
  organisationId: OrganisationId;
  /** Null: a listener fetches its deliveries. */
  url: string | null;
  dialect: WebhookDialect;
  events: readonly string[];
  phoneNumberIds: readonly string[] | null;
  description: string | null;
  ordered: boolean;
  buffer: Buffering | null;
  /** The caller's own, where it must be known beforehand (Kapso's API takes it from the caller); else one is made. */
  secret?: string;
}

export interface SubscriptionChange {
  url?: string;
  dialect?: WebhookDialect;
  events?: readonly string[];
  phoneNumberIds?: readonly string[] | null;
  description?: string | null;
  status?: 'active' | 'paused';
  ordered?: boolean;
  buffer?: Buffering | null;
}

/** A subscription with what is known of its secrets. */
export interface Listed {
  subscription: Subscription;
  secrets: Secret[];
}

export interface Subscriptions {
  /** Throws `invalid_webhook_url` or `invalid_field_value`. */
  create(input: NewSubscription): Promise<Listed & { initialSecret: string }>;
  list(organisationId: OrganisationId): Promise<Listed[]>;
  /** These throw `resource_not_found`. */
  read(organisationId: OrganisationId, id: string): Promise<Listed>;
  change(organisationId: OrganisationId, id: string, change: SubscriptionChange): Promise<Listed>;
  remove(organisationId: OrganisationId, id: string): Promise<void>;
  /** Makes a new secret; the earlier ones go on signing beside it for so long. */
  rotate(organisationId: OrganisationId, id: string, overlapMs: number): Promise<OpenSecret>;
  removeSecret(organisationId: OrganisationId, id: string, secretId: string): Promise<void>;
  /** Sends it an event that says nothing. */
  test(organisationId: OrganisationId, id: string): Promise<EventId>;
}

export interface SubscriptionsParts {
  directory: SubscriptionDirectory;
  teller: Teller;
  /** The other nodes should look. */
  onChanged: () => void;
}

export const SUBSCRIPTIONS_MAX = 100;
const SECRETS_MAX = 10;
const EVENTS_MAX = 100;

export function createSubscriptions(ctx: Context, parts: SubscriptionsParts): Subscriptions {
  async function changed(): Promise<void> {
    await parts.directory.reread();
    parts.onChanged();
  }

  async function listed(db: Queryable, subscription: Subscription): Promise<Listed> {
    const of = { organisationId: subscription.organisationId, subscriptionId: subscription.id };
    const secrets = await selectSecrets(db, of, new Date(ctx.clock.now()));
    return {
      subscription,
      secrets: secrets.map(({ id, createdAt, expiresAt }) => ({ id, createdAt, expiresAt })),
    };
  }

  async function inTransaction<Result>(
    organisationId: OrganisationId,
    id: string,
    act: (tx: Queryable, present: Subscription) => Promise<Result>,
  ): Promise<Result> {
    return ctx.db.transaction(async (tx) =>
      act(tx, (await lockSubscription(tx, organisationId, id)) ?? missing(id)),
    );
  }

  return {
    async create(input) {
      const url = input.url === null ? null : (await checkWebhookUrl(input.url, ctx.config)).href;
      const events = checkEvents(input.events);
      const now = ctx.clock.now();
      const at = new Date(now);
      const { secret: given, ...rest } = input;
      const made = makeSecret(now, given);
      const subscription: Subscription = {
        ...rest,
        id: newId('wbs', now),
        url,
        events,
        status: 'active',
        statusReason: null,
        statusSince: at,
        deadInARow: 0,
        lastSuccessAt: null,
        lastFailureAt: null,
        createdAt: at,
        updatedAt: at,
      };
      const after = await ctx.db.transaction(async (tx) => {
        if ((await selectSubscriptions(tx, input.organisationId)).length >= SUBSCRIPTIONS_MAX)
          throw new KurirError(
            'invalid_request',
            `An organisation may have ${SUBSCRIPTIONS_MAX} webhook subscriptions: delete one first.`,
          );
        await insertSubscription(tx, subscription);
        await keepSecret(ctx, tx, { subscription, made });
        return listed(tx, subscription);
      });
      await changed();
      return { ...after, initialSecret: made.secret };
    },
    async list(organisationId) {
      const all = await selectSubscriptions(ctx.db, organisationId);
      return Promise.all(all.map((one) => listed(ctx.db, one)));
    },
    async read(organisationId, id) {
      return listed(ctx.db, (await selectSubscription(ctx.db, organisationId, id)) ?? missing(id));
    },
    async change(organisationId, id, change) {
      const url = change.url === undefined ? undefined : (await checkWebhookUrl(change.url, ctx.config)).href;
      const events = change.events === undefined ? undefined : checkEvents(change.events);
      const after = await inTransaction(organisationId, id, async (tx, present) => {
        if (url !== undefined && present.url === null)
          throw new KurirError('invalid_field_value', 'A listener’s subscription has no `url`.', {
            param: 'url',
          });
        const at = new Date(ctx.clock.now());
        const turned = change.status !== undefined && change.status !== present.status;
        const next: Subscription = {
          ...present,
          ...change,
          url: url ?? present.url,
          events: events ?? present.events,
          updatedAt: at,
          ...(turned ? { statusReason: null, statusSince: at, deadInARow: 0 } : {}),
        };
        await updateSubscription(tx, next);
        return listed(tx, next);
      });
      await changed();
      return after;
    },
    async remove(organisationId, id) {
      if (!(await deleteSubscription(ctx.db, organisationId, id))) missing(id);
      await changed();
    },
    async rotate(organisationId, id, overlapMs) {
      const now = ctx.clock.now();
      const made = makeSecret(now);
      await inTransaction(organisationId, id, async (tx, subscription) => {
        const of = { organisationId, subscriptionId: subscription.id };
        if ((await selectSecrets(tx, of, new Date(now))).length >= SECRETS_MAX)
          throw new KurirError(
            'invalid_request',
            `A subscription may have ${SECRETS_MAX} secrets in force: let one expire, or delete it.`,
          );
        await keepSecret(ctx, tx, { subscription, made });
        await expireSecrets(tx, { ...of, but: made.id }, new Date(now + overlapMs));
      });
      await changed();
      return made;
    },
    async removeSecret(organisationId, id, secretId) {
      await inTransaction(organisationId, id, async (tx, subscription) => {
        const of = { organisationId, subscriptionId: subscription.id };
        const rest = await selectSecrets(tx, of, new Date(ctx.clock.now()));
        if (rest.length === 1 && rest[0]?.id === secretId)
          throw new KurirError('invalid_request', 'It is the only secret in force: make another one first.');
        if (!(await deleteSecret(tx, { ...of, id: secretId })))
          throw new KurirError('resource_not_found', `There is no secret ${secretId} of this subscription.`);
      });
      await changed();
    },
    async test(organisationId, id) {
      const now = ctx.clock.now();
      const eventId = newId('evt', now);
      const told = await inTransaction(organisationId, id, (tx, { id: subscriptionId }) =>
        parts.teller.record(tx, [
          { type: 'webhook.test', id: eventId, organisationId, at: now, subscriptionId },
        ]),
      );
      told.committed();
      return eventId;
    },
  };
}

function missing(id: string): never {
  throw new KurirError(
    'resource_not_found',
    isId('wbs', id)
      ? `There is no webhook subscription ${id} in your organisation.`
      : 'There is no such webhook subscription in your organisation.',
  );
}

function checkEvents(events: readonly string[]): string[] {
  const unknown = events.find((one) => one !== '*' && one !== 'meta.*' && !isEventType(one));
  if (unknown !== undefined)
    throw new KurirError(
      'invalid_field_value',
      `${JSON.stringify(unknown.slice(0, 80))} is no event: see the list in the documentation, or use "*" for all.`,
      { param: 'events' },
    );
  if (events.length === 0 || events.length > EVENTS_MAX)
    throw new KurirError('invalid_field_value', `events must name 1 to ${EVENTS_MAX} events, or "*".`, {
      param: 'events',
    });
  return [...new Set(events)];
}

// `whsec_` and 32 bytes in base64: what Standard Webhooks prescribes, and a secret to anybody else.
function makeSecret(now: number, given?: string): OpenSecret {
  const secret = given ?? `whsec_${randomBytes(32).toString('base64')}`;
  return { id: newId('sec', now), secret, createdAt: new Date(now), expiresAt: null };
}

function keepSecret(
  ctx: Context,
  tx: Queryable,
  { subscription, made }: { subscription: Subscription; made: OpenSecret },
): Promise<void> {
  return insertSecret(tx, {
    ...made,
    organisationId: subscription.organisationId,
    subscriptionId: subscription.id,
    secret: ctx.sealer.seal(made.secret, secretPlace(made.id)),
  });
}
