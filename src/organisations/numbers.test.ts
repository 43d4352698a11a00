import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';

import { addApp } from './apps.ts';
import { createNumberDirectory } from './number-directory.ts';
import { addNumber, listNumbers, setNumber, type CheckNumber, type NewNumber } from './numbers.ts';
import { createOrganisation, type Organisation } from './organisations.ts';
import { openTestRoom, type TestRoom } from '../../test/support/organisations-room.ts';

let room: TestRoom;
let mine: Organisation;
let foreign: Organisation;

beforeEach(async () => {
  room = await openTestRoom(inject('databaseUrl'));
  mine = await createOrganisation(room.ctx, { name: 'Mine' });
  foreign = await createOrganisation(room.ctx, { name: 'Foreign' });
  await addApp(room.ctx, { name: 'app', appSecret: 'app-secret', verifyToken: 'verify-token' });
});
afterEach(async () => room[Symbol.asyncDispose]());

const found: CheckNumber = ({ phoneNumberId }) =>
  Promise.resolve({
    kind: 'found',
    phone: `62811${phoneNumberId.slice(-4)}`,
    displayPhoneNumber: `+62 811 ${phoneNumberId.slice(-4)}`,
    verifiedName: 'Toko',
  });

const refused: CheckNumber = async () => ({ kind: 'refused', reason: 'The token has expired.' });

function input(change: Partial<NewNumber> = {}): NewNumber {
  const base = {
    organisationId: mine.id,
    phoneNumberId: '100000000000001',
    wabaId: '200000000000001',
    token: 'EAA-1',
  };
  return { ...base, check: found, ...change };
}

const ONE = '100000000000001';
const TWO = '100000000000002';

describe('addNumber', () => {
  it('connects a number with its token sealed and its lane', async () => {
    const check = vi.fn<CheckNumber>(found);
    const number = await addNumber(room.ctx, input({ check }));
    expect(number).toMatchObject({
      phoneNumberId: ONE,
      phone: '628110001',
      verifiedName: 'Toko',
      status: 'connected',
    });
    expect(number).toMatchObject({ pace: 80, onUnknown: 'fail', statusReason: null });
    expect(check).toHaveBeenCalledWith({ phoneNumberId: ONE, wabaId: '200000000000001', token: 'EAA-1' });
    expect(JSON.stringify([number, await listNumbers(room.ctx, mine.id)])).not.toContain('EAA-1');
    const [row] = await room.ctx.db.query<{ row: string }>('select numbers::text as row from numbers');
    expect(row?.row).not.toContain(Buffer.from('EAA-1').toString('hex'));
    expect(await room.ctx.db.query('select phone_number_id, epoch::int from lanes')).toEqual([
      { phone_number_id: ONE, epoch: 0 },
    ]);
  });

  it('refuses a number connected elsewhere without a word of where, before Meta is asked', async () => {
    await addNumber(room.ctx, input({ organisationId: foreign.id }));
    const check = vi.fn<CheckNumber>(found);
    const refusal = await addNumber(room.ctx, input({ check })).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'invalid_field_value', details: { param: 'phone_number_id' } });
    expect(String(refusal)).toContain('elsewhere');
    expect(String(refusal)).not.toMatch(/Foreign|org_/);
    expect(check).not.toHaveBeenCalled();
    await expect(addNumber(room.ctx, input({ organisationId: foreign.id }))).rejects.toThrow('numbers set');
    expect(await listNumbers(room.ctx, mine.id)).toEqual([]);
  });

  it('connects it once when two organisations ask at the same time', async () => {
    const outcomes = await Promise.allSettled([
      addNumber(room.ctx, input()),
      addNumber(room.ctx, input({ organisationId: foreign.id })),
    ]);
    expect(outcomes.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('writes nothing when Meta says no, or does not answer', async () => {
    const no = addNumber(room.ctx, input({ check: refused }));
    await expect(no).rejects.toMatchObject({ code: 'invalid_field_value', details: { param: 'token' } });
    await expect(no).rejects.toThrow('The token has expired.');
    const away = addNumber(
      room.ctx,
      input({ check: async () => ({ kind: 'unreachable', reason: 'ECONNREFUSED' }) }),
    );
    await expect(away).rejects.toMatchObject({ code: 'whatsapp_upstream_error' });
    expect(await listNumbers(room.ctx, mine.id, { all: true })).toEqual([]);
  });

  it('refuses ids, tokens, apps and organisations that are none', async () => {
    const cases: [Partial<NewNumber>, string][] = [
      [{ phoneNumberId: '+62811' }, 'phone_number_id'],
      [{ wabaId: '1' }, 'waba_id'],
      [{ token: 'two words' }, 'token'],
      [{ appId: 'app_0' }, 'app'],
      [{ organisationId: 'org_0' }, 'organisation'],
    ];
    for (const [change, param] of cases) {
      await expect(addNumber(room.ctx, input(change))).rejects.toMatchObject({ details: { param } });
    }
  });
});

describe('setNumber', () => {
  it('changes what is given and nothing else', async () => {
    await addNumber(room.ctx, input());
    const set = (change: object) =>
      setNumber(room.ctx, { organisationId: mine.id, phoneNumberId: ONE, ...change });
    expect(await set({ pace: null })).toMatchObject({ pace: null, onUnknown: 'fail', status: 'connected' });
    expect(await set({ onUnknown: 'resend' })).toMatchObject({ pace: null, onUnknown: 'resend' });
    expect(await set({ pace: 1000 })).toMatchObject({ pace: 1000, onUnknown: 'resend' });
    const degraded = await set({ status: 'degraded', statusReason: 'quality' });
    expect(degraded).toMatchObject({ status: 'degraded', statusReason: 'quality' });
    expect(await set({ pace: 10 })).toMatchObject({ status: 'degraded', statusReason: 'quality' });
    expect(await set({ status: 'connected' })).toMatchObject({
      status: 'connected',
      statusReason: null,
      pace: 10,
    });
    for (const pace of [0, -1, 1.5, 1001, Number.NaN]) {
      await expect(set({ pace })).rejects.toMatchObject({
        code: 'invalid_field_value',
        details: { param: 'pace' },
      });
    }
  });

  it('takes a new token only when Meta does, and connects the number again', async () => {
    await addNumber(room.ctx, input());
    const fence = { organisationId: mine.id, phoneNumberId: ONE };
    await setNumber(room.ctx, { ...fence, status: 'disconnected', statusReason: 'token expired' });
    const refusal = setNumber(room.ctx, { ...fence, token: { value: 'EAA-2', check: refused } });
    await expect(refusal).rejects.toMatchObject({ details: { param: 'token' } });
    const number = await setNumber(room.ctx, { ...fence, token: { value: 'EAA-3', check: found } });
    expect(number).toMatchObject({ status: 'connected', statusReason: null });
    await using numbers = await createNumberDirectory(room.ctx);
    expect(numbers.knownNumber(mine.id, ONE)?.accessToken).toBe('EAA-3');
  });

  it('does not know the numbers of others', async () => {
    await addNumber(room.ctx, input());
    const check = vi.fn<CheckNumber>(found);
    const fence = { organisationId: foreign.id, phoneNumberId: ONE };
    await expect(setNumber(room.ctx, { ...fence, pace: 1 })).rejects.toMatchObject({
      code: 'resource_not_found',
    });
    const token = { value: 'EAA-2', check };
    await expect(setNumber(room.ctx, { ...fence, token })).rejects.toMatchObject({
      code: 'resource_not_found',
    });
    expect(check).not.toHaveBeenCalled();
    expect(await listNumbers(room.ctx, mine.id)).toMatchObject([{ pace: 80 }]);
  });
});

describe('listNumbers', () => {
  it('lists those that can send, or all, in the order they came', async () => {
    await addNumber(room.ctx, input());
    room.clock.advance(1);
    await addNumber(room.ctx, input({ phoneNumberId: TWO }));
    await addNumber(room.ctx, input({ phoneNumberId: '100000000000003', organisationId: foreign.id }));
    await setNumber(room.ctx, { organisationId: mine.id, phoneNumberId: ONE, status: 'onboarding' });
    const ids = async (all: boolean) =>
      (await listNumbers(room.ctx, mine.id, { all })).map((one) => one.phoneNumberId);
    expect(await ids(true)).toEqual([ONE, TWO]);
    expect(await ids(false)).toEqual([TWO]);
  });
});
