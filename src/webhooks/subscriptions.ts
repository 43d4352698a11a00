// Subscriptions: who is told of what, made and changed by an organisation for itself. Secrets are shown once, when they are made.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import type { Teller } from '../events/teller.ts';
import { KurirError } from '../kernel/errors.ts';
import { isId, newId, type EventId, type OrganisationId } from '../kernel/ids.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { checkLines, checkEvents, checkNumbers } from './check-subscription.ts';
import { endWaitingFor } from './end-waiting.ts';
import {
  keepSecret,
  listed,
  makeSecret,
  makeSubscription,
  type Listed,
  type Made,
  type NewSubscription,
} from './make-subscription.ts';
import type { SubscriptionDirectory } from './subscription-directory.ts';
import {
  deleteSecret,
  deleteSubscription,
  expireSecrets,
  lockSubscription,
  selectSecrets,
  selectSubscription,
  selectSubscriptions,
  updateSubscription,
} from './subscription-store.ts';
import type { Buffering, OpenSecret, Subscription } from './subscription.ts';
import type { WebhookDialect } from './telling.ts';

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

export interface Subscriptions {
  /** Throws `invalid_webhook_url`, `invalid_field_value`, or `resource_not_found` for a number. */
  create(input: NewSubscription): Promise<Made>;
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
  numbers: Pick<NumberDirectory, 'findNumber'>;
  teller: Teller;
  /** The other nodes should look. */
  onChanged: () => void;
}

const SECRETS_MAX = 10;

export function createSubscriptions(ctx: Context, parts: SubscriptionsParts): Subscriptions {
  const room: Room = {
    ctx,
    parts,
    async changed() {
      await parts.directory.reread();
      parts.onChanged();
    },
  };
  return {
    async create(input) {
      const made = await makeSubscription(ctx, parts.numbers, input);
      await room.changed();
      return made;
    },
    async list(organisationId) {
      const all = await selectSubscriptions(ctx.db, organisationId);
      return Promise.all(all.map((one) => listed(ctx, ctx.db, one)));
    },
    async read(organisationId, id) {
      return listed(ctx, ctx.db, (await selectSubscription(ctx.db, organisationId, id)) ?? missing(id));
    },
    change: (organisationId, id, wanted) => change(room, { organisationId, id }, wanted),
    async remove(organisationId, id) {
      if (!(await deleteSubscription(ctx.db, organisationId, id))) missing(id);
      await room.changed();
      await endWaitingFor(ctx, id);
    },
    rotate: (organisationId, id, overlapMs) => rotate(room, { organisationId, id }, overlapMs),
    removeSecret: (organisationId, id, secretId) => removeSecret(room, { organisationId, id }, secretId),
    test: (organisationId, id) => test(room, { organisationId, id }),
  };
}

interface Room {
  ctx: Context;
  parts: SubscriptionsParts;
  changed(): Promise<void>;
}

interface Which {
  organisationId: OrganisationId;
  id: string;
}

async function locked(tx: Queryable, { organisationId, id }: Which): Promise<Subscription> {
  return (await lockSubscription(tx, organisationId, id)) ?? missing(id);
}

function inTransaction<Result>(
  { ctx }: Room,
  which: Which,
  act: (tx: Queryable, present: Subscription) => Promise<Result>,
): Promise<Result> {
  return ctx.db.transaction(async (tx) => act(tx, await locked(tx, which)));
}

async function change(room: Room, which: Which, wanted: SubscriptionChange): Promise<Listed> {
  const { ctx, parts } = room;
  const url = wanted.url === undefined ? undefined : (await checkWebhookUrl(wanted.url, ctx.config)).href;
  const events = wanted.events === undefined ? undefined : checkEvents(wanted.events);
  await checkNumbers(parts.numbers, { ...which, phoneNumberIds: wanted.phoneNumberIds ?? null });
  const after = await inTransaction(room, which, async (tx, present) => {
    if (url !== undefined && present.url === null)
      throw new KurirError('invalid_field_value', 'A listener’s subscription has no `url`.', {
        param: 'url',
      });
    const at = new Date(ctx.clock.now());
    const turned = wanted.status !== undefined && wanted.status !== present.status;
    const next: Subscription = {
      ...present,
      ...wanted,
      url: url ?? present.url,
      events: events ?? present.events,
      updatedAt: at,
      ...(turned ? { statusReason: null, statusSince: at, deadInARow: 0 } : {}),
    };
    checkLines(next);
    await updateSubscription(tx, next);
    return listed(ctx, tx, next);
  });
  await room.changed();
  return after;
}

async function rotate(room: Room, which: Which, overlapMs: number): Promise<OpenSecret> {
  const { ctx } = room;
  const now = ctx.clock.now();
  const made = makeSecret(now);
  await inTransaction(room, which, async (tx, subscription) => {
    const of = { organisationId: which.organisationId, subscriptionId: subscription.id };
    if ((await selectSecrets(tx, of, new Date(now))).length >= SECRETS_MAX)
      throw new KurirError(
        'invalid_request',
        `A subscription may have ${SECRETS_MAX} secrets in force: let one expire, or delete it.`,
      );
    await keepSecret(ctx, tx, { subscription, made });
    await expireSecrets(tx, { ...of, but: made.id }, new Date(now + overlapMs));
  });
  await room.changed();
  return made;
}

async function removeSecret(room: Room, which: Which, secretId: string): Promise<void> {
  await inTransaction(room, which, async (tx, subscription) => {
    const of = { organisationId: which.organisationId, subscriptionId: subscription.id };
    const rest = await selectSecrets(tx, of, new Date(room.ctx.clock.now()));
    // Those that are to expire are no help: one must stay.
    const stays = rest.filter((one) => one.expiresAt === null);
    if (stays.length === 1 && stays[0]?.id === secretId)
      throw new KurirError(
        'invalid_request',
        'It is the only secret that does not expire: make another one first.',
      );
    if (!(await deleteSecret(tx, { ...of, id: secretId })))
      throw new KurirError('resource_not_found', 'There is no such secret of this webhook subscription.');
  });
  await room.changed();
}

async function test(room: Room, which: Which): Promise<EventId> {
  const { ctx, parts } = room;
  const { organisationId, id } = which;
  const now = ctx.clock.now();
  const eventId = newId('evt', now);
  // Made through another node a moment ago?
  if (!isId('wbs', id) || !parts.directory.find(id)) await parts.directory.reread();
  return writeAndTell({ db: ctx.db, teller: parts.teller }, async (tx) => {
    const { id: subscriptionId } = await locked(tx, which);
    const event = { type: 'webhook.test' as const, id: eventId, organisationId, at: now, subscriptionId };
    return { result: eventId, events: [event] };
  });
}

/** What is said of a subscription that is not there, or not this organisation's. */
export function missing(id: string): never {
  throw new KurirError(
    'resource_not_found',
    isId('wbs', id)
      ? `There is no webhook subscription ${id} in your organisation.`
      : 'There is no such webhook subscription in your organisation.',
  );
}
