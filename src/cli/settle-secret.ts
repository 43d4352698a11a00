// Which secret a process seals under: the one that was given, else the one that the data directory keeps, else a new one.
import { createSecrets, type Secrets } from '../config/secrets.ts';
import { hasSealedSecrets, WrongSecret } from '../organisations/sealed-secrets.ts';
import { readGeneratedSecret, type DataDirectory } from '../storage/data-directory.ts';
import { openDatabase } from '../storage/db.ts';

/** A new one is made only for a database in which nothing is sealed: it could open nothing there. */
export async function settleSecret(
  given: Secrets | undefined,
  directory: DataDirectory,
  databaseUrl: string,
): Promise<Secrets> {
  if (given) return given;
  const kept = readGeneratedSecret(directory.path);
  if (kept !== undefined) return createSecrets(kept);
  const db = openDatabase({ url: databaseUrl, connections: 1, onIdleError: () => undefined });
  try {
    if (await hasSealedSecrets(db)) throw new WrongSecret('none');
  } finally {
    await db.close();
  }
  return createSecrets(directory.secret());
}
