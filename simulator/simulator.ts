// The simulator: made here from its settings, listening until it is closed. The only file that wires its parts.
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { systemRandom, seededRandom } from '../src/kernel/random.ts';
import { applyFact } from './apply-fact.ts';
import { createControl, type Control } from './control/control.ts';
import { controlRoutes } from './control/control-routes.ts';
import type { Fact } from './fact.ts';
import { graphRoutes } from './graph/graph-routes.ts';
import { createJournal } from './journal.ts';
import { openLedger } from './ledger.ts';
import { goOn } from './life.ts';
import { createPush, type Posted } from './push.ts';
import { seedWorld } from './seed.ts';
import { withDefaults, type Settings, type SimulatorSettings } from './settings.ts';
import type { Simulation } from './simulation.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { createWorld } from './world.ts';

export interface Simulator extends AsyncDisposable {
  url: string;
  port: number;
  /** The verbs of the control API, without HTTP. */
  control: Control;
  close(): Promise<void>;
}

/** Starts a simulator; resolves when it listens. */
export async function startSimulator(given: SimulatorSettings = {}): Promise<Simulator> {
  const settings = withDefaults(given);
  const sim = await createSimulation(settings);
  const stop = new AbortController();
  const control = createControl(sim);
  const app = createApp(sim, control);
  await app.listen({ host: settings.host, port: settings.port });
  resume(sim);
  seedWorld(sim, stop.signal);
  const { port } = app.server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  async function close(): Promise<void> {
    if (stop.signal.aborted) return;
    stop.abort();
    sim.clock.stop();
    await Promise.all([sim.push.close(), app.close()]);
    sim.ledger?.close();
  }
  return { url: `http://${host}:${port}`, port, control, close, [Symbol.asyncDispose]: close };
}

async function createSimulation(settings: Settings): Promise<Simulation> {
  const world = createWorld(settings);
  let facts = 0;
  let time = { aheadMs: 0, rate: 1 };
  const replay = (fact: Fact): void => {
    facts++;
    if (fact.fact === 'clock') time = fact;
    applyFact(world, fact, settings.keepMessages);
  };
  const ledger = settings.ledgerDir === null ? null : await openLedger(settings.ledgerDir, replay);
  const clock = createVirtualClock(settings.clock, settings.clock.now() + time.aheadMs);
  if (time.rate !== 1) clock.set(time.rate);
  const journal = createJournal(settings.keepJournal);
  const told = (posted: Posted): void => {
    const { url, answer, tries, done, body } = posted;
    const at = clock.now();
    ledger?.append({ fact: 'posted', at, updates: posted.updates.map((one) => one.id), tries, answer, done });
    journal.add({ at, kind: 'webhook', what: url, answer, detail: { tries, done, body } });
  };
  return {
    settings,
    clock,
    wireClock: settings.clock,
    // A restart must not hand out the ids of the run before.
    random: settings.seed === null ? systemRandom : seededRandom(settings.seed + facts),
    world,
    ledger,
    journal,
    push: createPush({
      clock,
      appSecret: settings.appSecret,
      retryMs: settings.webhookRetryMs,
      timeoutMs: settings.webhookTimeoutMs,
      batchSize: settings.webhookBatchSize,
      concurrency: settings.webhookConcurrency,
      told,
    }),
    watchers: new Set(),
  };
}

function createApp(sim: Simulation, control: Control): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 2_000_000,
    connectionTimeout: 0,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 2000 },
  });
  void app.register((scope) => controlRoutes(scope, sim, control), { prefix: '/_sim/v1' });
  void app.register(async (scope) => graphRoutes(scope, sim));
  return app;
}

// After a restart: what was under way goes on.
function resume(sim: Simulation): void {
  for (const message of sim.world.messages.values()) if (message.direction === 'outbound') goOn(sim, message);
}
