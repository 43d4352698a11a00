// The organisation of development mode: with its app, number and key, so that a first send works without a step of setup.
// What is there stays; what the simulator holds the other end of (app secret, verify token, number, token) is brought to
// what the seed says, since either side may have lost its folder. All in one transaction: a start that is cut off leaves
// nothing half made.
import type { Context } from '../context.ts';
import type { AppId, OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';
import { selectKeysByHash } from './api-key-store.ts';
import { createKey } from './api-keys.ts';
import { updateAppSecrets } from './app-store.ts';
import { addAppIn, sealAppSecrets } from './apps.ts';
import { hashOfKey, isKeyText } from './key-text.ts';
import { insertNumber, selectNumberOwner, updateNumberSeeded } from './number-store.ts';
import { sealToken } from './numbers.ts';
import { lockFirstOnes } from './organisation-store.ts';
import { createOrganisation } from './organisations.ts';

export interface DemoSeed {
  organisationName: string;
  appSecret: string;
  verifyToken: string;
  phoneNumberId: string;
  wabaId: string;
  /** Digits. */
  phone: string;
  displayPhoneNumber: string;
  verifiedName: string;
  accessToken: string;
  /** The key of an earlier start, if it is still at hand. */
  apiKey?: string | undefined;
}

export interface DemoOrganisation {
  organisationId: OrganisationId;
  appId: AppId;
  phoneNumberId: string;
  /** The seed's own key if it is still good, else a new one. */
  apiKey: string;
}

export function ensureDemoOrganisation(ctx: Context, seed: DemoSeed): Promise<DemoOrganisation> {
  return ctx.db.transaction(async (tx) => {
    await lockFirstOnes(tx);
    const { organisationId, appId } = (await seedAgain(ctx, tx, seed)) ?? (await seedFirst(ctx, tx, seed));
    const good =
      seed.apiKey !== undefined && (await isGoodKey(ctx, tx, { text: seed.apiKey, organisationId }));
    const apiKey =
      good && seed.apiKey ? seed.apiKey : (await createKey(ctx, { organisationId, label: 'demo' }, tx)).key;
    return { organisationId, appId, phoneNumberId: seed.phoneNumberId, apiKey };
  });
}

type Seeded = Pick<DemoOrganisation, 'organisationId' | 'appId'>;

async function seedAgain(ctx: Context, tx: Queryable, seed: DemoSeed): Promise<Seeded | undefined> {
  const number = await selectNumberOwner(tx, seed.phoneNumberId);
  if (!number) return undefined;
  await updateAppSecrets(tx, number.appId, sealAppSecrets(ctx.sealer, number.appId, seed));
  await updateNumberSeeded(tx, number.organisationId, numberOf(ctx, seed));
  return number;
}

async function seedFirst(ctx: Context, tx: Queryable, seed: DemoSeed): Promise<Seeded> {
  const { id: organisationId } = await createOrganisation(ctx, { name: seed.organisationName }, tx);
  const { id: appId } = await addAppIn(ctx, tx, { name: 'Demo', ...seed });
  const createdAt = new Date(ctx.clock.now());
  await insertNumber(tx, { ...numberOf(ctx, seed), organisationId, appId, createdAt });
  return { organisationId, appId };
}

function numberOf(ctx: Context, seed: DemoSeed) {
  const { phoneNumberId, wabaId, phone, displayPhoneNumber, verifiedName } = seed;
  const accessToken = sealToken(ctx.sealer, phoneNumberId, seed.accessToken);
  return { phoneNumberId, wabaId, phone, displayPhoneNumber, verifiedName, accessToken };
}

async function isGoodKey(
  ctx: Context,
  tx: Queryable,
  { text, organisationId }: { text: string; organisationId: OrganisationId },
): Promise<boolean> {
  if (!isKeyText(text)) return false;
  const [key] = (await selectKeysByHash(tx, [hashOfKey(text)])).values();
  if (!key || key.organisationId !== organisationId || key.revokedAt) return false;
  return key.expiresAt === null || key.expiresAt.getTime() > ctx.clock.now();
}
