// Making a subscription. One without an address is a listener's: there is one of each description, and who comes back finds it, with
// its secret and with what waits for it.
import { randomBytes } from 'node:crypto';

import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId, type OrganisationId } from '../kernel/ids.ts';
import { hmacSha256 } from '../kernel/secrets.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { checkLines, checkEvents, checkNumbers } from './check-subscription.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { secretPlace } from './subscription-directory.ts';
import {
  insertSecret,
  insertSubscription,
  lockSubscriptions,
  selectSecrets,
  updateSubscription,
} from './subscription-store.ts';
import type { Buffering, OpenSecret, Secret, Subscription } from './subscription.ts';
import type { WebhookDialect } from './telling.ts';

export interface NewSubscription {
  organisationId: OrganisationId;
  /** Null: a listener fetches its deliveries; there is one of each description, which is found again. */
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

/** A subscription with what is known of its secrets. */
export interface Listed {
  subscription: Subscription;
  secrets: Secret[];
}

export interface Made extends Listed {
  /** The newest of a listener that was there before. */
  initialSecret: string;
  isNew: boolean;
}

const SUBSCRIPTIONS_MAX = 100;

type Given = Omit<NewSubscription, 'secret'>;

/** Throws `invalid_webhook_url`, `invalid_field_value`, or `resource_not_found` for a number. */
export async function makeSubscription(
  ctx: Context,
  numbers: Pick<NumberDirectory, 'findNumber'>,
  input: NewSubscription,
): Promise<Made> {
  const url = input.url === null ? null : (await checkWebhookUrl(input.url, ctx.config)).href;
  const { secret, ...given } = { ...input, url, events: checkEvents(input.events) };
  checkLines(given);
  await checkNumbers(numbers, given);
  return ctx.db.transaction(async (tx) => {
    const all = await lockSubscriptions(tx, given.organisationId);
    const listener =
      url === null && all.find((one) => one.url === null && one.description === given.description);
    if (listener) return findAgain(ctx, tx, { present: listener, given });
    if (all.length >= SUBSCRIPTIONS_MAX)
      throw new KurirError(
        'invalid_request',
        `An organisation may have ${SUBSCRIPTIONS_MAX} webhook subscriptions: delete one first.`,
      );
    return insert(ctx, tx, { given, secret });
  });
}

async function insert(
  ctx: Context,
  tx: Queryable,
  { given, secret }: { given: Given; secret: string | undefined },
): Promise<Made> {
  const now = ctx.clock.now();
  const at = new Date(now);
  const made = makeSecret(now, secret ?? listenerSecret(ctx, given));
  const subscription: Subscription = {
    ...given,
    id: newId('wbs', now),
    status: 'active',
    statusReason: null,
    statusSince: at,
    deadInARow: 0,
    lastSuccessAt: null,
    lastFailureAt: null,
    lastFetchAt: given.url === null ? at : null,
    createdAt: at,
    updatedAt: at,
  };
  await insertSubscription(tx, subscription);
  await keepSecret(ctx, tx, { subscription, made });
  return { ...(await listed(ctx, tx, subscription)), initialSecret: made.secret, isNew: true };
}

// The same again where it was deleted meanwhile: whoever listens has it among the settings of a program that is being written.
function listenerSecret(ctx: Context, { url, organisationId, description }: Given): string | undefined {
  if (url !== null) return undefined;
  const hex = hmacSha256(ctx.sealer.derive('listener-secret'), `${organisationId}\n${description}`);
  return `whsec_${Buffer.from(hex, 'hex').toString('base64')}`;
}

// What it wants to hear of is what it says now.
async function findAgain(
  ctx: Context,
  tx: Queryable,
  { present, given }: { present: Subscription; given: Given },
): Promise<Made> {
  const at = new Date(ctx.clock.now());
  const next: Subscription = {
    ...present,
    ...given,
    status: 'active',
    ...(present.status === 'active' ? {} : { statusReason: null, statusSince: at }),
    lastFetchAt: at,
    updatedAt: at,
  };
  await updateSubscription(tx, next);
  const of = { organisationId: present.organisationId, subscriptionId: present.id };
  const [newest] = await selectSecrets(tx, of, at);
  if (!newest) throw new Error(`The listener ${present.id} has no secret.`);
  const initialSecret = ctx.sealer.open(newest.secret, secretPlace(newest.id));
  return { ...(await listed(ctx, tx, next)), initialSecret, isNew: false };
}

export async function listed(ctx: Context, db: Queryable, subscription: Subscription): Promise<Listed> {
  const of = { organisationId: subscription.organisationId, subscriptionId: subscription.id };
  const secrets = await selectSecrets(db, of, new Date(ctx.clock.now()));
  return {
    subscription,
    secrets: secrets.map(({ id, createdAt, expiresAt }) => ({ id, createdAt, expiresAt })),
  };
}

/** `whsec_` and 32 bytes in base64: what Standard Webhooks prescribes, and a secret to anybody else. */
export function makeSecret(now: number, given?: string): OpenSecret {
  const secret = given ?? `whsec_${randomBytes(32).toString('base64')}`;
  return { id: newId('sec', now), secret, createdAt: new Date(now), expiresAt: null };
}

export function keepSecret(
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
