// A whole house in virtual time: gateways, database and simulator live by clocks that only `pass` turns. What is due on the way happens in
// its order, and everything it sets off has happened before time goes on. Nodes can be put to sleep, cut off, killed and started again.
import { inject } from 'vitest';

import type { Gateway } from '../../src/gateway.ts';
import { startHouse, type House, type HouseOptions, type Node, type NodeOptions } from './house.ts';
import { countStatements, countTravellers } from './stillness.ts';
import { turnableClock, type TurnableClock } from './turnable-clock.ts';
import { openWire, type Wire } from './wire.ts';

export interface VirtualNode extends Pick<Node, 'id' | 'gateway' | 'request' | 'sendText'> {
  clock: TurnableClock;
  /** Its way to the database. */
  wire: Wire;
  /** Ends it as kill -9 would: nothing of what was under way is recorded. */
  crash(): Promise<void>;
}

export interface VirtualHouse extends House {
  /** The first node. */
  node: VirtualNode;
  now(): number;
  /** Time goes by for everyone, in steps so short that heartbeats come in time. */
  pass(ms: number): Promise<void>;
  /** Resolves when nothing moves any more, except what waits for the clock, or is held. */
  still(): Promise<void>;
  addVirtualNode(about?: NodeOptions): Promise<VirtualNode>;
  /** Starts a killed first node again, with its id and port. */
  revive(): Promise<void>;
}

/** Whatever moves without the clock must come to rest in this time. */
const STILL_WITHIN_MS = 10_000;
/** So often nothing must have moved in turn. */
const STILL = 4;
/** Of the time in which a node must show that it lives, so much passes in one step. */
const STEP = 0.8;

export async function startVirtualHouse(options: HouseOptions = {}): Promise<VirtualHouse> {
  const start = Date.now();
  const worldClock = turnableClock(start);
  const nodes: { clock: TurnableClock; wire: Wire; moving: () => number }[] = [];
  const clock = turnableClock(start);
  const wire = await openWire(inject('databaseUrl'));
  const house = await startHouse({
    ...options,
    clock,
    gatewayDatabaseUrl: wire.url,
    simulator: { windowEnforced: false, ...options.simulator, clock: worldClock },
    config: { shutdownMs: 3_100, ...options.config },
  });
  // The database's clock stands still with the others.
  await house.ctx.db.query('create table virtual_now (at timestamptz not null)');
  await house.ctx.db.query('insert into virtual_now values (to_timestamp($1 / 1000.0))', [start]);
  await house.ctx.db.query(
    'create or replace function database_now() returns timestamptz language sql stable as $$ select at from virtual_now $$',
  );
  const travellers = countTravellers(house.gateway.ctx.config.graphUrl);
  nodes.push({ clock, wire, moving: countStatements(house.gateway.ctx.db, wire) });

  async function still(): Promise<void> {
    const end = performance.now() + STILL_WITHIN_MS;
    for (let quiet = 0; quiet < STILL; quiet++) {
      if (performance.now() > end)
        throw new Error(
          `It does not come to rest: ${travellers()} calls under way, statements of the nodes: ${nodes.map((node) => node.moving()).join(', ')}`,
        );
      await new Promise((resolve) => setImmediate(resolve));
      await house.simulator.control.settled();
      if (travellers() > 0 || nodes.some((node) => node.moving() > 0)) quiet = -1;
    }
  }

  async function step(ms: number): Promise<void> {
    await house.ctx.db.query('update virtual_now set at = at + make_interval(secs => $1)', [ms / 1_000]);
    for (const turned of [worldClock, ...nodes.map((node) => node.clock)]) turned.advance(ms);
    await still();
  }

  const stepMs = house.gateway.ctx.config.times.callWithinMs * STEP;
  const first: VirtualNode = {
    id: `node-${house.schema}`,
    gateway: house.gateway,
    request: (...asked) => house.request(...asked),
    sendText: (...asked) => house.sendText(...asked),
    clock,
    wire,
    crash: () => crash(house.gateway, { clock, wire }),
  };
  return Object.assign(house, {
    node: first,
    now: () => worldClock.now(),
    still,
    async pass(ms: number) {
      await still();
      for (let left = ms; left > 0; left -= stepMs) await step(Math.min(left, stepMs));
      // What is due at this very moment has its look, too.
      await step(0);
    },
    async addVirtualNode(about: NodeOptions = {}) {
      const own = { clock: turnableClock(worldClock.now()), wire: await openWire(inject('databaseUrl')) };
      const node = await house.addNode({ ...about, clock: own.clock, databaseUrl: own.wire.url });
      nodes.push({ ...own, moving: countStatements(node.gateway.ctx.db, own.wire) });
      return { ...node, ...own, crash: () => crash(node.gateway, own) };
    },
    async revive() {
      wire.refuse(false);
      clock.wake();
      await house.restart();
      first.gateway = house.gateway;
      const [counted] = nodes;
      if (counted) counted.moving = countStatements(house.gateway.ctx.db, wire);
    },
    [Symbol.asyncDispose]: closing(house, nodes),
  });
}

async function crash(gateway: Gateway, own: { clock: TurnableClock; wire: Wire }): Promise<void> {
  own.clock.sleep();
  own.wire.refuse(true);
  own.wire.cut();
  await gateway.close();
}

function closing(house: House, nodes: readonly { wire: Wire }[]): () => Promise<void> {
  const close = house[Symbol.asyncDispose].bind(house);
  return async () => {
    for (const { wire } of nodes) wire.release();
    await close();
    for (const { wire } of nodes) await wire[Symbol.asyncDispose]();
  };
}
