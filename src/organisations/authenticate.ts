// Who is asking: from the key in a request's headers to its organisation. A key found is believed for 4 s, so that a
// revocation is in force within 5; a text that cannot be a key is refused without a look-up. Keys are looked up by their
// hash, so the time of a look-up tells nothing about how much of a guess was right, and an unknown key takes the way that
// a revoked one takes.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { KeyId, OrganisationId } from '../kernel/ids.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import { selectKeysByHash, type FoundKey } from './api-key-store.ts';
import { hashOfKey, isKeyText } from './key-text.ts';

/** Header values as Node gives them; a header sent twice is an array and refused. */
type HeaderValue = string | readonly string[] | undefined;

export interface Credentials {
  authorization?: HeaderValue;
  /** `X-API-Key`, from the dialects that take it; it goes before a bearer token, which may then be one of Meta's. */
  apiKey?: HeaderValue;
}

/** The organisation a request is made for, with its budgets, and the key it was made with. */
export interface Caller {
  organisationId: OrganisationId;
  organisationName: string;
  keyId: KeyId;
  label: string;
  last4: string;
  writePerMinute: number;
  readPerMinute: number;
}

export interface Authenticator {
  /** Throws `invalid_api_key` or `expired_api_key`; at once where the key is known, so that most requests wait for nothing. */
  authenticate(credentials: Credentials): Caller | Promise<Caller>;
}

interface Kept {
  key: FoundKey;
  caller: Caller;
  /** On the monotonic clock, taken before the look-up was sent. */
  readAt: number;
}

const KEPT_MS = 4_000;
const KEPT_MAX = 10_000;
const LOOKED_UP_MAX = 500;

export function createAuthenticator(ctx: Context): Authenticator {
  const kept = new Map<string, Kept>();
  // One statement at a time for all keys of the moment: made-up keys by the thousand cost a few statements.
  const lookUps = createGroupCommit<string, Kept | undefined>({
    maxRows: LOOKED_UP_MAX,
    async write(hashes) {
      const readAt = ctx.clock.monotonic();
      const found = await selectKeysByHash(ctx.db, hashes);
      for (const [hash, key] of found) keep(kept, hash, { key, caller: toCaller(ctx, key), readAt });
      return hashes.map((hash) => (found.has(hash) ? kept.get(hash) : undefined));
    },
  });

  function callerOf(found: Kept | undefined): Caller {
    if (!found || found.key.revokedAt)
      throw refused('This API key is not valid: it is malformed, unknown or revoked.');
    if (found.key.expiresAt && found.key.expiresAt.getTime() <= ctx.clock.now()) {
      throw new KurirError('expired_api_key', 'This API key has expired.');
    }
    return found.caller;
  }

  return {
    authenticate(credentials) {
      const text = keyIn(credentials);
      const hash = hashOfKey(text);
      const known = kept.get(hash);
      if (known && ctx.clock.monotonic() - known.readAt < KEPT_MS) return callerOf(known);
      return isKeyText(text) ? lookUps.add(hash).then(callerOf) : callerOf(undefined);
    },
  };
}

function keyIn(credentials: Credentials): string {
  if (credentials.apiKey !== undefined)
    return typeof credentials.apiKey === 'string' ? credentials.apiKey.trim() : '';
  if (credentials.authorization === undefined) {
    throw refused('The request has no API key: send the header "Authorization: Bearer kur_live_…".');
  }
  if (typeof credentials.authorization !== 'string') return '';
  return /^bearer +([^\s]+) *$/i.exec(credentials.authorization)?.[1] ?? '';
}

function refused(message: string): KurirError {
  return new KurirError('invalid_api_key', message);
}

function keep(kept: Map<string, Kept>, hash: string, one: Kept): void {
  kept.delete(hash);
  kept.set(hash, one);
  if (kept.size <= KEPT_MAX) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}

function toCaller(ctx: Context, key: FoundKey): Caller {
  return {
    organisationId: key.organisationId,
    organisationName: key.organisationName,
    keyId: key.id,
    label: key.label,
    last4: key.last4,
    writePerMinute: key.writePerMinute ?? ctx.config.writePerMinute,
    readPerMinute: key.readPerMinute ?? ctx.config.readPerMinute,
  };
}
