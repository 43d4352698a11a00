import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';

import { createSealer } from '../kernel/secrets.ts';
import { addApp } from './apps.ts';
import { createNumberDirectory } from './number-directory.ts';
import { addNumber, setNumber, type CheckNumber, type NewNumber } from './numbers.ts';
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

describe('a number directory', () => {
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
    expect(numbers.numberAnywhere(TWO)).toMatchObject({ organisationId: foreign.id });
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
    await vi.waitFor(() => expect(answered).toBe(1), { timeout: 15_000 });
    await addNumber(room.otherNode(), input());
    const number = numbers.findNumber(mine.id, ONE);
    connected.resolve();
    await early;
    expect(await number).toMatchObject({ phoneNumberId: ONE });
  });
});

describe('a number directory over time', () => {
  it('is in force at once after a change through this node, and within seconds after one through another', async () => {
    await addNumber(room.ctx, input());
    await using numbers = await createNumberDirectory(room.ctx);
    const fence = { organisationId: mine.id, phoneNumberId: ONE };
    await numbers.setNumber({ ...fence, pace: 7 });
    expect(numbers.knownNumber(mine.id, ONE)?.pace).toBe(7);
    await setNumber(room.otherNode(), { ...fence, status: 'disconnected' });
    expect(numbers.connectedNumbers(mine.id)).toHaveLength(1);
    room.clock.advance(3_000);
    await vi.waitFor(() => expect(numbers.connectedNumbers(mine.id)).toEqual([]), { timeout: 15_000 });
    await setNumber(room.otherNode(), { ...fence, status: 'connected' });
    await vi.waitFor(
      () => {
        room.clock.advance(3_000);
        expect(numbers.connectedNumbers(mine.id)).toHaveLength(1);
      },
      { timeout: 15_000 },
    );
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
});

describe('tokens', () => {
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
