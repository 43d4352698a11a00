// Whether what is sealed in the database opens under the secret at hand. A gateway under another one would run, and refuse
// every webhook and every send; so a start asks first.
import { join } from 'node:path';

import type { Context } from '../context.ts';
import { createSealer, type Sealer } from '../kernel/secrets.ts';
import { readGeneratedSecret } from '../storage/data-directory.ts';
import type { Queryable } from '../storage/db.ts';
import { selectApps } from './app-store.ts';
import { openAppSecrets } from './apps.ts';
import { selectAllNumbers } from './number-store.ts';
import { openToken } from './numbers.ts';
import { selectAnySealed } from './sealed-store.ts';

/** KURIR_SECRET is missing, or is not the one that the database was sealed under. */
export class WrongSecret extends Error {
  override readonly name = 'WrongSecret';

  /** @param keptIn the file of the data directory that holds the right one, if it does */
  constructor(fault: 'another' | 'none', keptIn?: string) {
    const kept =
      keptIn === undefined
        ? ''
        : ` The right one stands in ${keptIn}, made when none was given: name it in KURIR_SECRET_OLD, or start without KURIR_SECRET.`;
    super(
      fault === 'another'
        ? 'KURIR_SECRET is not the one that the secrets in this database were sealed under: start with that one; for a rotation, name the earlier one in KURIR_SECRET_OLD.' +
            kept
        : 'KURIR_SECRET is not set, and the data directory keeps none, but the database holds secrets that were sealed under one: start with that one.',
    );
  }
}

/** Whether the database, of any age, holds sealed secrets. */
export function hasSealedSecrets(db: Queryable): Promise<boolean> {
  return selectAnySealed(db);
}

type Fitting = Pick<Context, 'db' | 'sealer' | 'config'>;

/** Throws WrongSecret when there are sealed secrets and not one of them opens. A single one that does not is told of where it is used. */
export async function requireFittingSecret({ db, sealer, config }: Fitting): Promise<void> {
  const [apps, numbers] = await Promise.all([selectApps(db), selectAllNumbers(db)]);
  const opensAny = (by: Sealer): boolean =>
    apps.some((app) => canOpen(() => openAppSecrets(by, app))) ||
    numbers.some((number) => canOpen(() => openToken(by, number.phoneNumberId, number.accessToken)));
  if (apps.length + numbers.length === 0 || opensAny(sealer)) return;
  const kept = readGeneratedSecret(config.dataDir);
  const isKept = kept !== undefined && opensAny(createSealer([kept]));
  throw new WrongSecret('another', isKept ? join(config.dataDir, 'secret') : undefined);
}

function canOpen(open: () => unknown): boolean {
  try {
    open();
    return true;
  } catch {
    return false; // Sealed under another secret; whoever needs it says so.
  }
}
