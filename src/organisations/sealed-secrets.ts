// Whether what is sealed in the database opens under the secret at hand. A gateway under another one would run, and refuse
// every webhook and every send; so a start asks first.
import type { Context } from '../context.ts';
import type { Queryable } from '../storage/db.ts';
import { selectApps } from './app-store.ts';
import { openAppSecrets } from './apps.ts';
import { selectAllNumbers } from './number-store.ts';
import { openToken } from './numbers.ts';
import { selectAnySealed } from './sealed-store.ts';

/** KURIR_SECRET is missing, or is not the one that the database was sealed under. */
export class WrongSecret extends Error {
  override readonly name = 'WrongSecret';

  constructor(fault: 'another' | 'none') {
    super(
      fault === 'another'
        ? 'KURIR_SECRET is not the one that the secrets in this database were sealed under: start with that one; for a rotation, name the earlier one in KURIR_SECRET_OLD.'
        : 'KURIR_SECRET is not set, and the data directory keeps none, but the database holds secrets that were sealed under one: start with that one.',
    );
  }
}

/** Whether the database, of any age, holds sealed secrets. */
export function hasSealedSecrets(db: Queryable): Promise<boolean> {
  return selectAnySealed(db);
}

/** Throws WrongSecret when there are sealed secrets and not one of them opens. A single one that does not is told of where it is used. */
export async function requireFittingSecret({ db, sealer }: Pick<Context, 'db' | 'sealer'>): Promise<void> {
  const [apps, numbers] = await Promise.all([selectApps(db), selectAllNumbers(db)]);
  if (apps.length + numbers.length === 0) return;
  const opens =
    apps.some((app) => canOpen(() => openAppSecrets(sealer, app))) ||
    numbers.some((number) => canOpen(() => openToken(sealer, number.phoneNumberId, number.accessToken)));
  if (!opens) throw new WrongSecret('another');
}

function canOpen(open: () => unknown): boolean {
  try {
    open();
    return true;
  } catch {
    return false; // Sealed under another secret; whoever needs it says so.
  }
}
