import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createSealer } from '../kernel/secrets.ts';
import { createAppDirectory } from './app-directory.ts';
import { addApp, listApps } from './apps.ts';
import { listKeys, revokeKey } from './api-keys.ts';
import { createAuthenticator } from './authenticate.ts';
import { ensureDemoOrganisation, type DemoSeed } from './demo-organisation.ts';
import { createNumberDirectory } from './number-directory.ts';
import { listNumbers, setNumber } from './numbers.ts';
import { createOrganisation, ensureOnlyOrganisation, listOrganisations } from './organisations.ts';
import { openTestRoom, type TestRoom } from '../../test/support/organisations-room.ts';

let room: TestRoom;
beforeEach(async () => {
  room = await openTestRoom(inject('databaseUrl'));
});
afterEach(async () => room[Symbol.asyncDispose]());

const SEED: DemoSeed = {
  organisationName: 'Demo',
  appSecret: 'the-secret-of-the-app',
  verifyToken: 'the-verify-token',
  phoneNumberId: '106540352242922',
  wabaId: '102290129340398',
  phone: '628511760008029',
  displayPhoneNumber: '+62 851-1760-008029',
  verifiedName: 'Kurir demo',
  accessToken: 'the-token-of-the-number',
};

describe('createOrganisation', () => {
  it('refuses a budget that is none', async () => {
    for (const perMinute of [0, -1, 1.5, Number.NaN, 1e12]) {
      const made = createOrganisation(room.ctx, { name: 'Toko', writePerMinute: perMinute });
      await expect(made).rejects.toMatchObject({
        code: 'invalid_field_value',
        details: { param: 'write_per_minute' },
      });
    }
  });
});

describe('ensureOnlyOrganisation', () => {
  it('makes the first one, once, and finds it again', async () => {
    const two = await Promise.all([ensureOnlyOrganisation(room.ctx), ensureOnlyOrganisation(room.ctx)]);
    expect(two[0].id).toBe(two[1].id);
    expect(await listOrganisations(room.ctx)).toHaveLength(1);
    expect(await ensureOnlyOrganisation(room.ctx, two[0].id)).toEqual(two[0]);
  });

  it('says which there are when there are several', async () => {
    const one = await createOrganisation(room.ctx, { name: 'One' });
    room.clock.advance(1);
    const other = await createOrganisation(room.ctx, { name: 'Other' });
    const refusal = ensureOnlyOrganisation(room.ctx);
    await expect(refusal).rejects.toThrow(`${one.id} (One), ${other.id} (Other)`);
    await expect(ensureOnlyOrganisation(room.ctx, 'org_0')).rejects.toMatchObject({
      code: 'resource_not_found',
    });
    expect(await ensureOnlyOrganisation(room.ctx, other.id)).toMatchObject({ name: 'Other' });
  });
});

const app = (name: string) => ({ name, appSecret: `secret-${name}`, verifyToken: `verify-${name}` });

describe('apps', () => {
  it('makes the first the default, and another in its place when told to', async () => {
    const apps = createAppDirectory(room.ctx);
    expect(await apps.findApp(undefined)).toBeUndefined();
    const [first, second] = await Promise.all([addApp(room.ctx, app('a')), addApp(room.ctx, app('b'))]);
    expect([first, second].filter((one) => one.isDefault)).toHaveLength(1);
    const third = await addApp(room.ctx, { ...app('c'), isDefault: true, metaAppId: '1234567890' });
    expect((await listApps(room.ctx)).filter((one) => one.isDefault)).toEqual([third]);
    room.clock.advance(1_000);
    expect(await apps.findApp(undefined)).toEqual({
      id: third.id,
      appSecret: 'secret-c',
      verifyToken: 'verify-c',
    });
    expect(await apps.findApp(first.id)).toMatchObject({ appSecret: 'secret-a' });
  });

  it('keeps secrets sealed, and lists none', async () => {
    const added = await addApp(room.ctx, app('a'));
    const [row] = await room.ctx.db.query<{ row: string }>('select apps::text as row from apps');
    expect(row?.row).not.toContain(Buffer.from('secret-a').toString('hex'));
    expect(JSON.stringify([added, await listApps(room.ctx)])).not.toContain('secret-a');
  });

  it('refuses secrets that are none', async () => {
    const bad = (change: object) => addApp(room.ctx, { ...app('a'), ...change });
    await expect(bad({ appSecret: '' })).rejects.toMatchObject({ code: 'missing_required_field' });
    await expect(bad({ appSecret: 'two words' })).rejects.toMatchObject({ code: 'invalid_field_value' });
    await expect(bad({ verifyToken: 'ü' })).rejects.toMatchObject({ details: { param: 'verify_token' } });
    await expect(bad({ metaAppId: 'my app' })).rejects.toMatchObject({ details: { param: 'meta_app_id' } });
    expect(await listApps(room.ctx)).toEqual([]);
  });

  it('reads once a second at the most, whoever asks for what is not there', async () => {
    const apps = createAppDirectory(room.ctx);
    const added = await addApp(room.ctx, app('a'));
    room.statements.length = 0;
    for (let i = 0; i < 100; i++) expect(await apps.findApp(`app_${i}`)).toBeUndefined();
    await Promise.all(Array.from({ length: 100 }, async () => apps.findApp(added.id)));
    expect(room.statements).toHaveLength(1);
    room.clock.advance(5_000);
    await Promise.all(Array.from({ length: 100 }, async () => apps.findApp(added.id)));
    expect(room.statements).toHaveLength(2);
  });

  it('does not let an app that does not open take the others with it', async () => {
    const mine = await addApp(room.ctx, app('a'));
    const other = await addApp(room.otherNode(createSealer(['another secret'])), app('b'));
    const apps = createAppDirectory(room.ctx);
    expect(await apps.findApp(mine.id)).toMatchObject({ appSecret: 'secret-a' });
    expect(await apps.findApp(other.id)).toBeUndefined();
  });

  it('asks again after the database was away', async () => {
    const apps = createAppDirectory(room.ctx);
    await addApp(room.ctx, app('a'));
    await room.ctx.db.query('alter table apps rename to elsewhere');
    await expect(apps.findApp(undefined)).rejects.toThrow('apps');
    await room.ctx.db.query('alter table elsewhere rename to apps');
    expect(await apps.findApp(undefined)).toMatchObject({ appSecret: 'secret-a' });
  });
});

describe('ensureDemoOrganisation', () => {
  it('makes everything once, also when two start together', async () => {
    const [one, other] = await Promise.all([
      ensureDemoOrganisation(room.ctx, SEED),
      ensureDemoOrganisation(room.otherNode(), SEED),
    ]);
    expect(other.organisationId).toBe(one.organisationId);
    expect(await listOrganisations(room.ctx)).toHaveLength(1);
    expect(await listApps(room.ctx)).toMatchObject([{ id: one.appId, isDefault: true }]);
    expect(await listNumbers(room.ctx, one.organisationId)).toMatchObject([
      { phoneNumberId: SEED.phoneNumberId },
    ]);
    expect(await room.ctx.db.query('select phone_number_id from lanes')).toHaveLength(1);
    const authenticator = createAuthenticator(room.ctx);
    expect(await authenticator.authenticate({ apiKey: one.apiKey })).toMatchObject({ label: 'demo' });
  });

  it('keeps the key that is at hand, and makes a new one when it is lost or revoked', async () => {
    const first = await ensureDemoOrganisation(room.ctx, SEED);
    expect(await ensureDemoOrganisation(room.ctx, { ...SEED, apiKey: first.apiKey })).toEqual(first);
    const lost = await ensureDemoOrganisation(room.ctx, SEED);
    expect(lost).toEqual({ ...first, apiKey: lost.apiKey });
    expect(lost.apiKey).not.toBe(first.apiKey);
    const keys = await listKeys(room.ctx, first.organisationId);
    expect(keys).toHaveLength(2);
    for (const { id } of keys) await revokeKey(room.ctx, { organisationId: first.organisationId, id });
    const revoked = await ensureDemoOrganisation(room.ctx, { ...SEED, apiKey: lost.apiKey });
    expect(revoked.apiKey).not.toBe(lost.apiKey);
    const madeUp = await ensureDemoOrganisation(room.ctx, { ...SEED, apiKey: 'kur_live_x' });
    expect(madeUp.apiKey).not.toBe('kur_live_x');
  });

  it('follows what the simulator holds, and leaves alone what was set here', async () => {
    const { organisationId, appId } = await ensureDemoOrganisation(room.ctx, SEED);
    await setNumber(room.ctx, {
      organisationId,
      phoneNumberId: SEED.phoneNumberId,
      pace: 5,
      onUnknown: 'resend',
    });
    const changed = { ...SEED, appSecret: 'new-secret', verifyToken: 'new-verify', accessToken: 'new-token' };
    // KURIR_SECRET was lost too: what was sealed under it does not open any more.
    const later = room.otherNode(createSealer(['another secret']));
    expect(await ensureDemoOrganisation(later, changed)).toMatchObject({ organisationId, appId });
    expect(await createAppDirectory(later).findApp(appId)).toMatchObject({
      appSecret: 'new-secret',
      verifyToken: 'new-verify',
    });
    await using numbers = await createNumberDirectory(later);
    expect(numbers.knownNumber(organisationId, SEED.phoneNumberId)).toMatchObject({
      accessToken: 'new-token',
      status: 'connected',
      pace: 5,
      onUnknown: 'resend',
    });
  });
});
