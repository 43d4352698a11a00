// Meta apps: whose secret signs the webhooks of which numbers. Secrets are sealed for their place, `apps/<id>/<column>`, and
// never listed.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { newId, type AppId } from '../kernel/ids.ts';
import type { Sealer } from '../kernel/secrets.ts';
import type { Queryable } from '../storage/db.ts';
import { insertApp, selectApps, updateNoDefault, type AppListing, type SealedApp } from './app-store.ts';
import { lockFirstOnes } from './organisation-store.ts';
import { requireMetaId, requireSecret, requireText } from './require-text.ts';

export type { AppListing } from './app-store.ts';

export interface NewApp {
  name: string;
  appSecret: string;
  verifyToken: string;
  metaAppId?: string | undefined;
  /** The first app is the default in any case. */
  isDefault?: boolean | undefined;
}

/** Adds an app; as the default it takes the place of the one that was. */
export function addApp(ctx: Context, input: NewApp): Promise<AppListing> {
  return ctx.db.transaction(async (tx) => {
    await lockFirstOnes(tx);
    return addAppIn(ctx, tx, input);
  });
}

/** `addApp` inside a transaction that holds the lock on first ones. */
export async function addAppIn(ctx: Context, tx: Queryable, input: NewApp): Promise<AppListing> {
  const present = await selectApps(tx);
  const now = ctx.clock.now();
  const listing: AppListing = {
    id: newId('app', now),
    name: requireText(input.name, 'name', 100),
    metaAppId: input.metaAppId === undefined ? null : requireMetaId(input.metaAppId, 'meta_app_id'),
    isDefault: input.isDefault === true || !present.some((one) => one.isDefault),
    createdAt: new Date(now),
  };
  if (listing.isDefault) await updateNoDefault(tx);
  await insertApp(tx, { ...listing, ...sealAppSecrets(ctx.sealer, listing.id, input) });
  return listing;
}

/** All apps, the oldest first, without their secrets. */
export async function listApps(ctx: Context): Promise<AppListing[]> {
  return (await selectApps(ctx.db)).map(toListing);
}

/** The app of this id, or the default one; throws `resource_not_found`. */
export async function requireApp(db: Queryable, appId: string | undefined): Promise<AppListing> {
  const apps = await selectApps(db);
  const app = apps.find((one) => (appId === undefined ? one.isDefault : one.id === appId));
  if (app) return toListing(app);
  const message =
    appId === undefined
      ? 'There is no app yet: add Meta’s app first, with "kurir apps add".'
      : `There is no app ${appId}: see which there are with "kurir apps list".`;
  throw new KurirError('resource_not_found', message, { param: 'app' });
}

export function sealAppSecrets(
  sealer: Sealer,
  id: AppId,
  secrets: { appSecret: string; verifyToken: string },
): Pick<SealedApp, 'appSecret' | 'verifyToken'> {
  return {
    appSecret: sealer.seal(requireSecret(secrets.appSecret, 'app_secret'), `apps/${id}/app_secret`),
    verifyToken: sealer.seal(requireSecret(secrets.verifyToken, 'verify_token'), `apps/${id}/verify_token`),
  };
}

export function openAppSecrets(sealer: Sealer, app: SealedApp): { appSecret: string; verifyToken: string } {
  return {
    appSecret: sealer.open(app.appSecret, `apps/${app.id}/app_secret`),
    verifyToken: sealer.open(app.verifyToken, `apps/${app.id}/verify_token`),
  };
}

function toListing(app: SealedApp): AppListing {
  const { id, name, metaAppId, isDefault, createdAt } = app;
  return { id, name, metaAppId, isDefault, createdAt };
}
