import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import type { ErrorCode } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { createKey, listKeys, revokeKey } from './api-keys.ts';
import { createAuthenticator, type Authenticator, type Credentials } from './authenticate.ts';
import { newKeyText } from './key-text.ts';
import { createOrganisation } from './organisations.ts';
import { openTestRoom, type TestRoom } from '../../test/support/organisations-room.ts';

let room: TestRoom;
let authenticator: Authenticator;
let organisationId: OrganisationId;

beforeEach(async () => {
  room = await openTestRoom(inject('databaseUrl'));
  authenticator = createAuthenticator(room.ctx);
  organisationId = (await createOrganisation(room.ctx, { name: 'Toko Budi', writePerMinute: 120 })).id;
});
afterEach(async () => room[Symbol.asyncDispose]());

function bearer(key: string): Credentials {
  return { authorization: `Bearer ${key}` };
}

async function expectRefused(credentials: Credentials, code: ErrorCode, from = authenticator): Promise<void> {
  await expect((async () => from.authenticate(credentials))()).rejects.toMatchObject({
    name: 'KurirError',
    code,
  });
}

describe('createKey', () => {
  it('stores neither the key nor its start', async () => {
    const { key, last4 } = await createKey(room.ctx, { organisationId, label: 'server' });
    expect(last4).toBe(key.slice(-4));
    const [row] = await room.ctx.db.query<{ row: string }>('select api_keys::text as row from api_keys');
    expect(row?.row).not.toContain(key.slice(0, 20));
    expect(row?.row).not.toContain(Buffer.from(key).toString('hex'));
    expect(row?.row).toContain(last4);
  });

  it('refuses an empty label, a moment that is past, and an organisation that is not there', async () => {
    const past = new Date(room.clock.now());
    const create = (input: object) => createKey(room.ctx, { organisationId, label: 'server', ...input });
    await expect(create({ label: ' ' })).rejects.toMatchObject({ code: 'missing_required_field' });
    await expect(create({ label: 'a\0b' })).rejects.toMatchObject({ code: 'invalid_field_value' });
    await expect(create({ expiresAt: past })).rejects.toMatchObject({ code: 'invalid_field_value' });
    await expect(create({ expiresAt: new Date('never') })).rejects.toMatchObject({
      code: 'invalid_field_value',
    });
    await expect(create({ organisationId: 'org_0' })).rejects.toMatchObject({ code: 'resource_not_found' });
    expect(await listKeys(room.ctx, organisationId)).toEqual([]);
  });
});

describe('authenticate', () => {
  it('tells whose key it is and what its budgets are', async () => {
    const { id, key, last4 } = await createKey(room.ctx, { organisationId, label: 'server' });
    const caller = {
      organisationId,
      organisationName: 'Toko Budi',
      keyId: id,
      label: 'server',
      last4,
      writePerMinute: 120,
      readPerMinute: 600,
    };
    expect(await authenticator.authenticate(bearer(key))).toEqual(caller);
    expect(await authenticator.authenticate({ authorization: `bearer   ${key} ` })).toEqual(caller);
    expect(await authenticator.authenticate({ authorization: 'Bearer EAAG', apiKey: key })).toEqual(caller);
  });

  it('refuses what cannot be a key without asking the database', async () => {
    const { key } = await createKey(room.ctx, { organisationId, label: 'server' });
    const other = key.endsWith('0') ? '1' : '0';
    room.statements.length = 0;
    const impossible: Credentials[] = [
      {},
      { authorization: '' },
      { authorization: key },
      { authorization: `Basic ${key}` },
      { authorization: [`Bearer ${key}`] },
      { apiKey: '', authorization: `Bearer ${key}` },
      { apiKey: [key, key] },
      bearer('EAAGm0PX4ZCpsBA'),
      bearer(key.slice(0, -1) + other),
      bearer(`${key}\0`),
      bearer(`${key} ${key}`),
    ];
    for (const credentials of impossible) await expectRefused(credentials, 'invalid_api_key');
    expect(room.statements).toEqual([]);
  });

  it('answers an unknown key and a revoked one alike', async () => {
    const { id, key } = await createKey(room.ctx, { organisationId, label: 'server' });
    await revokeKey(room.ctx, { organisationId, id });
    const refusalOf = async (text: string) => {
      try {
        return await authenticator.authenticate(bearer(text));
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
    };
    expect(await refusalOf(key)).toBe(await refusalOf(newKeyText()));
    await expectRefused(bearer(key), 'invalid_api_key');
  });
});

describe('a key in memory', () => {
  it('refuses a key from the moment it expires, also one it has in memory', async () => {
    const expiresAt = new Date(room.clock.now() + 1_000);
    const { key } = await createKey(room.ctx, { organisationId, label: 'guest', expiresAt });
    await authenticator.authenticate(bearer(key));
    room.clock.advance(999);
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ label: 'guest' });
    room.clock.advance(1);
    await expectRefused(bearer(key), 'expired_api_key');
  });

  it('asks once for a key in use, and refuses it within 5 s of its revocation by another node', async () => {
    const { id, key } = await createKey(room.ctx, { organisationId, label: 'server' });
    room.statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, async () => authenticator.authenticate(bearer(key))));
    for (let i = 0; i < 50; i++) await authenticator.authenticate(bearer(key));
    expect(room.statements).toHaveLength(1);
    await revokeKey(room.otherNode(), { organisationId, id });
    room.clock.advance(5_000);
    await expectRefused(bearer(key), 'invalid_api_key');
  });

  it('works for a key made a moment after it was refused as unknown, and after the database was away', async () => {
    const { key } = await createKey(room.ctx, { organisationId, label: 'server' });
    await room.ctx.db.query('alter table api_keys rename to elsewhere');
    await expect(authenticator.authenticate(bearer(key))).rejects.toThrow('api_keys');
    await room.ctx.db.query('alter table elsewhere rename to api_keys');
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ organisationId });
  });

  it('asks a few times for a flood of made-up keys, and a real one passes among them', async () => {
    const { key } = await createKey(room.ctx, { organisationId, label: 'server' });
    room.statements.length = 0;
    const flood = Array.from({ length: 1_000 }, () => expectRefused(bearer(newKeyText()), 'invalid_api_key'));
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ organisationId });
    await Promise.all(flood);
    expect(room.statements.length).toBeLessThanOrEqual(4);
  });
});

describe('revokeKey', () => {
  it('revokes once, and only keys of the organisation', async () => {
    const { id, key } = await createKey(room.ctx, { organisationId, label: 'server' });
    const stranger = (await createOrganisation(room.ctx, { name: 'Stranger' })).id;
    const foreign = revokeKey(room.ctx, { organisationId: stranger, id });
    await expect(foreign).rejects.toMatchObject({ code: 'resource_not_found' });
    expect(await listKeys(room.ctx, stranger)).toEqual([]);
    await authenticator.authenticate(bearer(key));
    const revoked = await revokeKey(room.ctx, { organisationId, id });
    room.clock.advance(60_000);
    expect(await revokeKey(room.ctx, { organisationId, id })).toEqual(revoked);
    expect(await listKeys(room.ctx, organisationId)).toEqual([revoked]);
  });
});
