// Idempotency keys: what a request with a key is compared by. The key's row is written by the accept (messages/accept-store);
// here is its fingerprint, and the look at a row that is there already.
import { hash } from 'node:crypto';

import { KurirError } from '../kernel/errors.ts';
import { canonicalJson, type Json } from '../kernel/json.ts';
import type { Database } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { findKeys, type KeyRow } from './idempotency-store.ts';

export interface IdempotencyKey {
  key: string;
  /** sha256 of method, path and canonical body (Kirim's page on idempotency), in hex. */
  fingerprint: string;
}

const KEY_LENGTH_MAX = 255;

/** The key of a request, if it has one. Refuses keys that are empty, too long, or hold control characters. */
export function readIdempotencyKey(
  header: string | string[] | undefined,
  request: { method: string; path: string; body: Json },
): IdempotencyKey | undefined {
  if (header === undefined) return undefined;
  const key = Array.isArray(header) ? header.join(',') : header;
  const problem =
    key === ''
      ? 'is empty'
      : key.length > KEY_LENGTH_MAX && [...key].length > KEY_LENGTH_MAX
        ? `is longer than ${KEY_LENGTH_MAX} characters`
        : /\p{Cc}/u.test(key)
          ? 'holds a control character'
          : undefined;
  if (problem)
    throw new KurirError('invalid_field_value', `The header Idempotency-Key ${problem}.`, {
      param: 'Idempotency-Key',
    });
  const said = `${request.method}\n${request.path}\n${canonicalJson(request.body)}`;
  return { key, fingerprint: hash('sha256', said, 'hex') };
}

export interface KeyLookUp {
  /** The message a key belongs to, if the key was used; throws `idempotency_key_reuse` when it was for another request. */
  find(organisationId: string, key: IdempotencyKey): Promise<string | undefined>;
}

export function createKeyLookUp(db: Database): KeyLookUp {
  const looking = createGroupCommit<{ organisationId: string; key: string }, KeyRow | null>({
    write: (rows) => findKeys(db, rows),
    maxRows: 500,
    parallel: 2,
  });
  return {
    async find(organisationId, wanted) {
      const row = await looking.add({ organisationId, key: wanted.key });
      if (!row) return undefined;
      if (row.fingerprint !== wanted.fingerprint) {
        throw new KurirError(
          'idempotency_key_reuse',
          'This Idempotency-Key was used for another request: use a new key for a new message.',
          {
            param: 'Idempotency-Key',
          },
        );
      }
      return row.messageId;
    },
  };
}
