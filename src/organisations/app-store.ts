// Meta apps in PostgreSQL, their secrets sealed. Apps belong to the installation, so nothing here is fenced.
import type { AppId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface AppListing {
  id: AppId;
  name: string;
  metaAppId: string | null;
  isDefault: boolean;
  createdAt: Date;
}

export interface SealedApp extends AppListing {
  appSecret: Buffer;
  verifyToken: Buffer;
}

interface AppRow {
  id: AppId;
  name: string;
  meta_app_id: string | null;
  app_secret: Buffer;
  verify_token: Buffer;
  is_default: boolean;
  created_at: Date;
}

export async function insertApp(db: Queryable, app: SealedApp): Promise<void> {
  const { id, name, metaAppId, appSecret, verifyToken, isDefault, createdAt } = app;
  await db.query(
    `insert into apps (id, name, meta_app_id, app_secret, verify_token, is_default, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, name, metaAppId, appSecret, verifyToken, isDefault, createdAt],
  );
}

/** Before another becomes the default: only one may be. */
export async function updateNoDefault(tx: Queryable): Promise<void> {
  await tx.query('update apps set is_default = false where is_default');
}

export async function updateAppSecrets(
  db: Queryable,
  id: AppId,
  sealed: { appSecret: Buffer; verifyToken: Buffer },
): Promise<void> {
  await db.query('update apps set app_secret = $2, verify_token = $3 where id = $1', [
    id,
    sealed.appSecret,
    sealed.verifyToken,
  ]);
}

export async function selectApps(db: Queryable): Promise<SealedApp[]> {
  const rows = await db.query<AppRow>(
    `select id, name, meta_app_id, app_secret, verify_token, is_default, created_at
     from apps order by created_at, id`,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    metaAppId: row.meta_app_id,
    appSecret: row.app_secret,
    verifyToken: row.verify_token,
    isDefault: row.is_default,
    createdAt: row.created_at,
  }));
}
