import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';

import { createSealer } from '../kernel/secrets.ts';
import { addApp } from './apps.ts';
import { createNumberDirectory } from './number-directory.ts';
import { addNumber, listNumbers, setNumber, type CheckNumber, type NewNumber } from './numbers.ts';
import { createOrganisation, type Organisation } from './organisations.ts';
import { openTestRoom, type TestRoom } from './test-room.ts';

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
    const check = vi.fn(found);
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
    const check = vi.fn(found);
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
    const refused = addNumber(
      room.ctx,
      input({ check: async () => ({ kind: 'refused', reason: 'The token has expired.' }) }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'invalid_field_value', details: { param: 'token' } });
    await expect(refused).rejects.toThrow('The token has expired.');
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
    const no: CheckNumber = async () => ({ kind: 'refused', reason: 'No.' });
    const refused = setNumber(room.ctx, { ...fence, token: { value: 'EAA-2', check: no } });
    await expect(refused).rejects.toMatchObject({ details: { param: 'token' } });
    const number = await setNumber(room.ctx, { ...fence, token: { value: 'EAA-3', check: found } });
    expect(number).toMatchObject({ status: 'connected', statusReason: null });
    await using numbers = await createNumberDirectory(room.ctx);
    expect(numbers.knownNumber(mine.id, ONE)?.accessToken).toBe('EAA-3');
  });

  it('does not know the numbers of others', async () => {
    await addNumber(room.ctx, input());
    const check = vi.fn(found);
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

describe('createNumberDirectory', () => {
  it('finds by id, by phone, by WABA, and fences by organisation', async () => {
    await addNumber(room.ctx, input());
    await addNumber(room.ctx, input({ phoneNumberId: TWO, organisationId: foreign.id }));
    await using numbers = await createNumberDirectory(room.ctx);
    expect(numbers.knownNumber(mine.id, ONE)).toMatchObject({
      organisationId: mine.id,
      accessToken: 'EAA-1',
    });
    expect(numbers.knownNumber(mine.id, TWO)).toBeUndefined();
    expect(await numbers.findNumber(mine.id, TWO)).toBeUndefined();
    expect(await numbers.findNumberByPhone(mine.id, '628110001')).toMatchObject({ phoneNumberId: ONE });
    expect(await numbers.findNumberByPhone(mine.id, '628110002')).toBeUndefined();
    expect(numbers.connectedNumbers(mine.id)).toMatchObject([{ phoneNumberId: ONE }]);
    expect(numbers.connectedNumbers('org_0')).toEqual([]);
    expect(await numbers.numbersForWebhook({ phoneNumberId: TWO, wabaId: '1' })).toMatchObject([
      { organisationId: foreign.id },
    ]);
    const ofWaba = await numbers.numbersForWebhook({ wabaId: '200000000000001' });
    expect(ofWaba.map((one) => one.phoneNumberId)).toEqual([ONE, TWO]);
    expect(await numbers.numbersForWebhook({ wabaId: '1' })).toEqual([]);
    expect(await numbers.numbersForWebhook({})).toEqual([]);
    expect(numbers.allNumbers()).toHaveLength(2);
  });

  it('looks once a second at the most for a number that is not there, and finds it once it is', async () => {
    await using numbers = await createNumberDirectory(room.ctx);
    room.statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, () => numbers.findNumber(mine.id, ONE)));
    for (let i = 0; i < 50; i++) expect(await numbers.findNumber(mine.id, ONE)).toBeUndefined();
    expect(room.statements).toHaveLength(1);
    await addNumber(room.otherNode(), input());
    room.clock.advance(1_000);
    expect(await numbers.findNumber(mine.id, ONE)).toMatchObject({ accessToken: 'EAA-1' });
    await addNumber(room.otherNode(), input({ phoneNumberId: TWO }));
    expect(await numbers.findNumber(mine.id, TWO)).toMatchObject({ phoneNumberId: TWO });
  });

  it('sees a number connected while a read was under way', async () => {
    const { db } = room.ctx;
    let held: Promise<unknown> | undefined;
    let answered = 0;
    const query: typeof db.query = async (text, values, name) => {
      const rows = await db.query<never>(text, values, name);
      answered++;
      await held;
      return rows;
    };
    await using numbers = await createNumberDirectory({ ...room.ctx, db: { ...db, query } });
    const connected = Promise.withResolvers<void>();
    held = connected.promise;
    answered = 0;
    const early = numbers.reread();
    await vi.waitFor(() => expect(answered).toBe(1));
    await addNumber(room.otherNode(), input());
    const number = numbers.findNumber(mine.id, ONE);
    connected.resolve();
    await early;
    expect(await number).toMatchObject({ phoneNumberId: ONE });
  });

  it('is in force at once after a change through this node, and within seconds after one through another', async () => {
    await addNumber(room.ctx, input());
    await using numbers = await createNumberDirectory(room.ctx);
    const fence = { organisationId: mine.id, phoneNumberId: ONE };
    await numbers.setNumber({ ...fence, pace: 7 });
    expect(numbers.knownNumber(mine.id, ONE)?.pace).toBe(7);
    await setNumber(room.otherNode(), { ...fence, status: 'degraded' });
    expect(numbers.connectedNumbers(mine.id)).toHaveLength(1);
    room.clock.advance(3_000);
    await vi.waitFor(() => expect(numbers.connectedNumbers(mine.id)).toEqual([]));
    await setNumber(room.otherNode(), { ...fence, status: 'connected' });
    await vi.waitFor(() => {
      room.clock.advance(3_000);
      expect(numbers.connectedNumbers(mine.id)).toHaveLength(1);
    });
  });

  it('fetches the rows only when a number has changed', async () => {
    await addNumber(room.ctx, input());
    await using numbers = await createNumberDirectory(room.ctx);
    room.statements.length = 0;
    await numbers.reread();
    await numbers.reread();
    expect(room.statements.filter((text) => !text.includes('fingerprint'))).toEqual([]);
    expect(room.statements).toHaveLength(2);
  });

  it('keeps what it read last while the database is away, and says so for what it does not have', async () => {
    await addNumber(room.ctx, input());
    await using numbers = await createNumberDirectory(room.ctx);
    await room.ctx.db.query('alter table numbers rename to elsewhere');
    room.clock.advance(3_000);
    expect(await numbers.findNumber(mine.id, ONE)).toMatchObject({ phoneNumberId: ONE });
    await expect(numbers.findNumber(mine.id, TWO)).rejects.toThrow('numbers');
    await room.ctx.db.query('alter table elsewhere rename to numbers');
    expect(await numbers.findNumber(mine.id, TWO)).toBeUndefined();
    await setNumber(room.otherNode(), { organisationId: mine.id, phoneNumberId: ONE, pace: 3 });
    await vi.waitFor(() => {
      room.clock.advance(3_000);
      expect(numbers.knownNumber(mine.id, ONE)?.pace).toBe(3);
    });
  });

  it('does not let a token that does not open take the others with it', async () => {
    await addNumber(room.ctx, input());
    await addNumber(room.otherNode(createSealer(['another secret'])), input({ phoneNumberId: TWO }));
    await using numbers = await createNumberDirectory(room.ctx);
    expect(numbers.knownNumber(mine.id, ONE)?.accessToken).toBe('EAA-1');
    expect(numbers.knownNumber(mine.id, TWO)).toMatchObject({ status: 'disconnected', accessToken: '' });
    expect(numbers.connectedNumbers(mine.id)).toHaveLength(1);
  });

  it('does not open a token that was moved to another number', async () => {
    await addNumber(room.ctx, input());
    await addNumber(room.ctx, input({ phoneNumberId: TWO, organisationId: foreign.id, token: 'EAA-2' }));
    await room.ctx.db.query(
      'update numbers set access_token = (select access_token from numbers where phone_number_id = $1) where phone_number_id = $2',
      [ONE, TWO],
    );
    await using numbers = await createNumberDirectory(room.ctx);
    expect(numbers.knownNumber(foreign.id, TWO)).toMatchObject({ status: 'disconnected', accessToken: '' });
  });

  it('asks the database no more once it is disposed of', async () => {
    const numbers = await createNumberDirectory(room.ctx);
    await numbers[Symbol.asyncDispose]();
    room.statements.length = 0;
    room.clock.advance(60_000);
    await new Promise(setImmediate);
    expect(room.statements).toEqual([]);
  });
});
