// The lease on real tables, where answers of the database come late or not at all: a node that has lost a lane knows it, and no lane is
// owned by a node that does not know it.
import { afterEach, beforeEach, expect, inject, test } from 'vitest';

import type { Context } from '../context.ts';
import { until } from '../../test/support/house.ts';
import { openTestRoom, type TestRoom } from '../../test/support/organisations-room.ts';
import { createLease, type Lease, type LeaseEvents, type NodeAbout } from './lease.ts';

const LANE = '106540352242922';

const EVENTS: LeaseEvents = {
  onTaken: async () => undefined,
  onAnew: async () => undefined,
  onLost: () => undefined,
  quieten: async () => [],
  onLeft: () => undefined,
};

let room: TestRoom;
let other: Lease;

beforeEach(async () => {
  room = await openTestRoom(inject('databaseUrl'));
  await room.ctx.db.query("insert into organisations (id, name) values ('org_1', 'Kopi Senja')");
  await room.ctx.db.query(
    "insert into apps (id, name, app_secret, verify_token) values ('app_1', 'Tests', '\\x00', '\\x00')",
  );
  await room.ctx.db.query(
    `insert into numbers (phone_number_id, organisation_id, app_id, waba_id, phone, display_phone_number, access_token)
     values ($1, 'org_1', 'app_1', '1', '1', '1', '\\x00')`,
    [LANE],
  );
  await room.ctx.db.query('insert into lanes (phone_number_id) values ($1)', [LANE]);
  other = leaseOf({ ...room.ctx, db: room.otherNode().db }, 'other');
});
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

/** A lease over a database whose statements a test may get in the way of. */
function leaseOf(ctx: Context, id: string): Lease {
  return createLease(ctx, aboutNode(id), EVENTS);
}

function aboutNode(id: string): NodeAbout {
  return { id, host: 'here', pid: 1, version: '0', startedAt: 0 };
}

/** Runs `act` in the place of the next statement that holds `text`. */
function meddle(ctx: Context): {
  ctx: Context;
  at: (text: string, act: (run: () => Promise<void>) => Promise<void>) => void;
} {
  let plan: { text: string; act: (run: () => Promise<void>) => Promise<void> } | undefined;
  const db: Context['db'] = {
    ...ctx.db,
    async query<Result extends object>(
      text: string,
      values?: readonly unknown[],
      name?: string,
    ): Promise<Result[]> {
      let rows: Result[] = [];
      const run = async (): Promise<void> => void (rows = await ctx.db.query<Result>(text, values, name));
      const meddler = plan !== undefined && text.includes(plan.text) ? plan.act : undefined;
      if (meddler) plan = undefined;
      await (meddler ? meddler(run) : run());
      return rows;
    },
  };
  return { ctx: { ...ctx, db }, at: (text, act) => void (plan = { text, act }) };
}

async function pass(seconds: number): Promise<void> {
  room.clock.advance(seconds * 1_000);
  await room.ctx.db.query('update clock_shift set shift = shift + make_interval(secs => $1)', [seconds]);
}

test('a heartbeat that was sent in time and arrives after a takeover finds the lane lost', async () => {
  const { ctx, at } = meddle(room.ctx);
  const lease = leaseOf(ctx, 'sleeper');
  await lease.beat();
  expect(lease.mayCall(LANE, 1)).toBe(true);
  await pass(9);
  at('insert into nodes', async (run) => {
    await pass(7);
    await other.beat();
    await run();
  });
  await lease.beat();
  expect(other.mayCall(LANE, 2)).toBe(true);
  expect(lease.mayCall(LANE, 1)).toBe(false);
  expect(lease.epochOf(LANE)).toBeUndefined();
});

/** Lets the statement run and loses its answer. */
async function lose(run: () => Promise<void>): Promise<void> {
  await run();
  throw new Error('the connection broke');
}

test('a lane that was given to a node whose answer was lost is taken by it at its next heartbeat', async () => {
  await other.beat();
  const { ctx, at } = meddle(room.ctx);
  const lease = leaseOf(ctx, 'deaf');
  await lease.beat();
  await pass(8);
  await lease.beat();
  await pass(8);
  at('with ours as', lose);
  await expect(lease.beat()).rejects.toThrow('the connection broke');
  expect(lease.epochOf(LANE)).toBeUndefined();
  await lease.beat();
  expect(lease.mayCall(LANE, 3)).toBe(true);
});

test('a lane whose raised epoch was lost on the way is still ours, and what was not called under the epoch before is told', async () => {
  const told: unknown[] = [];
  const { ctx, at } = meddle(room.ctx);
  const lease = createLease(ctx, aboutNode('deaf'), {
    ...EVENTS,
    onAnew: async (kept, former) => void told.push([kept[0]?.epoch, former.get(LANE)]),
    onLost: () => void told.push('lost'),
  });
  await lease.beat();
  await pass(11);
  at('update lanes l set epoch', lose);
  await expect(lease.beat()).rejects.toThrow('the connection broke');
  await lease.beat();
  expect(told).toEqual([[3, 1]]);
  expect(lease.mayCall(LANE, 3)).toBe(true);
});

test('what is asked for while lanes are taken anew is done again: an answer may have been lost after the look', async () => {
  let anews = 0;
  const { ctx, at } = meddle(room.ctx);
  const lease = createLease(ctx, aboutNode('twice'), { ...EVENTS, onAnew: async () => void anews++ });
  await lease.beat();
  let second: Promise<void> | undefined;
  at('update lanes l set epoch', async (run) => {
    await run();
    second = lease.renew();
  });
  await lease.renew();
  await second;
  expect(anews).toBe(2);
  expect(lease.mayCall(LANE, 3)).toBe(true);
});

test('a takeover that saw the lane free before its owner took it anew takes nothing', async () => {
  const owner = leaseOf(room.ctx, 'owner');
  await owner.beat();
  await pass(16);
  const { ctx, at } = meddle({ ...room.ctx, db: room.otherNode().db });
  const late = leaseOf(ctx, 'late');
  at('with ours as', async (run) => {
    // Between what the statement sees and what it locks, time stands still until the owner is back.
    await ctx.db.query(
      `create or replace function database_now() returns timestamptz language plpgsql volatile as
       $$ begin perform pg_advisory_xact_lock_shared(oid::int) from pg_class where oid = 'lanes'::regclass;
          return clock_timestamp() + shift from clock_shift; end $$`,
    );
    let taking: Promise<void> | undefined;
    await ctx.db.transaction(async (tx) => {
      await tx.query("select pg_advisory_xact_lock('lanes'::regclass::oid::int)");
      taking = run();
      await until('the takeover to stand still', async () => {
        const waiting = await tx.query(
          "select from pg_locks where locktype = 'advisory' and not granted and objid = 'lanes'::regclass::oid",
        );
        return waiting.length > 0;
      });
      await tx.query("update lanes set epoch = epoch + 1 where owner = 'owner'");
      await tx.query("update nodes set seen_at = clock_timestamp() + interval '1 hour' where id = 'owner'");
    });
    await taking;
  });
  await late.beat();
  expect(late.epochOf(LANE)).toBeUndefined();
  expect(await room.ctx.db.query('select owner, epoch::int from lanes')).toEqual([
    { owner: 'owner', epoch: 2 },
  ]);
});
