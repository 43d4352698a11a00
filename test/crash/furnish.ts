// What a run of real processes begins with: a database of its own, an organisation with its numbers, and a key.
import { randomBytes } from 'node:crypto';

import { readConfig } from '../../src/config/config.ts';
import { openContext } from '../../src/context.ts';
import { createKey } from '../../src/organisations/api-keys.ts';
import { addApp } from '../../src/organisations/apps.ts';
import { addNumber, setNumber } from '../../src/organisations/numbers.ts';
import { createOrganisation } from '../../src/organisations/organisations.ts';
import { openDatabase, type Database } from '../../src/storage/db.ts';
import { migrate } from '../../src/storage/migrate.ts';

export const APP_SECRET = 'the-app-secret-of-the-crash-test';
export const VERIFY_TOKEN = 'the-verify-token-of-the-crash-test';
export const GRAPH_TOKEN = 'EAAcrash0000000000000000000';
export const WABA_ID = '102290129340398';
const PACE = 200;

const onIdleError = (): void => undefined;

/** A database of its own, dropped with the run. */
export async function createRunDatabase(
  postgres: { url: string },
  stack: AsyncDisposableStack,
): Promise<{ database: Database; databaseUrl: string }> {
  const admin = openDatabase({ url: postgres.url, connections: 1, onIdleError });
  const name = `crash_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}`);
  await admin.close();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const database = openDatabase({ url: url.href, connections: 2, onIdleError });
  stack.defer(async () => {
    await database.close();
    const last = openDatabase({ url: postgres.url, connections: 1, onIdleError });
    await last.query(`drop database ${name} with (force)`);
    await last.close();
  });
  return { database, databaseUrl: url.href };
}

/** An organisation with its numbers and a key, through the verbs that the commands use: twenty commands take half a minute. */
export async function furnish(house: {
  numbers: readonly string[];
  policy: 'fail' | 'resend';
  env: Record<string, string>;
  databaseUrl: string;
}): Promise<string> {
  const { numbers, policy, env, databaseUrl } = house;
  const { config, secrets } = readConfig({ ...env, PORT: '0' }, 'production');
  if (!secrets) throw new Error('A run gives a secret.');
  const ctx = openContext({ config, secrets, databaseUrl });
  try {
    await migrate(ctx.db);
    const { id: organisationId } = await createOrganisation(ctx, { name: 'Crash' });
    await addApp(ctx, { name: 'Crash', appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN });
    for (const [i, phoneNumberId] of numbers.entries()) {
      const phone = `62851176000${1_000 + i}`;
      const found = {
        kind: 'found' as const,
        phone,
        displayPhoneNumber: `+${phone}`,
        verifiedName: `Kopi Senja ${i}`,
      };
      const number = { organisationId, phoneNumberId, wabaId: WABA_ID, token: GRAPH_TOKEN };
      await addNumber(ctx, { ...number, check: async () => found });
      await setNumber(ctx, { organisationId, phoneNumberId, pace: PACE, onUnknown: policy });
    }
    return (await createKey(ctx, { organisationId, label: 'crash' })).key;
  } finally {
    await ctx.db.close();
  }
}
