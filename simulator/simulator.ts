// The simulator: made here from its settings, listening until it is closed. The only file that wires its parts.
import Fastify, { type FastifyInstance } from 'fastify';
import { seededRandom, systemRandom } from '../src/kernel/random.ts';
import { applyFact } from './apply-fact.ts';
import { controlRoutes } from './control/control-routes.ts';
import { createControl, type Control } from './control/control.ts';
import type { Fact } from './fact.ts';
import { createFaults } from './faults.ts';
import { graphRoutes, refuseInGraph } from './graph/graph-routes.ts';
import { createJournal } from './journal.ts';
import { usualLatency } from './latency.ts';
import { openLedger, type Reader } from './ledger.ts';
import { createMediaFiles } from './media/media-files.ts';
import { isNeeded } from './needed-fact.ts';
import { createPace } from './pace.ts';
import { Push, type Posted } from './push.ts';
import { resume } from './resume.ts';
import { seedWorld } from './seed.ts';
import { createSendCalls } from './send-calls.ts';
import { withDefaults, type Settings, type SimulatorSettings } from './settings.ts';
import { record, type Simulation } from './simulation.ts';
import { VirtualClock } from './virtual-clock.ts';
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
  const control = createControl(sim, stop.signal);
  const app = createApp(sim, control);
  sim.origin = await app.listen({ host: settings.host, port: settings.port });
  resume(sim);
  seedWorld(sim, stop.signal);
  async function close(): Promise<void> {
    if (stop.signal.aborted) return;
    stop.abort();
    sim.clock.stop();
    await Promise.all([sim.push.close(), app.close()]);
    sim.mediaFiles.close();
    sim.ledger?.close();
    sim.ledger = null;
  }
  return {
    url: sim.origin,
    port: Number(new URL(sim.origin).port),
    control,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function createSimulation(settings: Settings): Promise<Simulation> {
  const world = createWorld(settings);
  let facts = 0;
  let time = { at: 0, aheadMs: 0, rate: 1 };
  const replay = (fact: Fact): void => {
    facts++;
    if (fact.fact === 'clock') time = fact;
    applyFact(world, fact);
  };
  const reader: Reader = {
    replay,
    isTooLong: () => world.row.latest > settings.keepMessages * 2,
    isNeeded: (fact) => isNeeded(world, fact),
  };
  const ledger = settings.ledgerDir === null ? null : await openLedger(settings.ledgerDir, reader);
  // What the start says goes before what was set in an earlier run.
  if (settings.callbackUrl !== null) world.appCallback = createWorld(settings).appCallback;
  // A clock that stood still goes on standing where it stood.
  const clock = new VirtualClock(
    settings.clock,
    time.rate === 0 ? time.at : settings.clock.now() + time.aheadMs,
  );
  if (time.rate !== 1) clock.set(time.rate);
  // A restart must not hand out the ids of the run before.
  const random = settings.seed === null ? systemRandom : seededRandom(settings.seed + facts);
  const sim: Simulation = {
    settings,
    clock,
    wireClock: settings.clock,
    random,
    latency: usualLatency(settings),
    world,
    ledger,
    journal: createJournal(settings.keepJournal),
    calls: createSendCalls(settings.keepCalls),
    push: new Push({
      clock,
      appSecret: settings.appSecret,
      retryMs: settings.webhookRetryMs,
      timeoutMs: settings.webhookTimeoutMs,
      batchSize: settings.webhookBatchSize,
      concurrency: settings.webhookConcurrency,
      told: (posted) => keepAnswer(sim, posted),
    }),
    faults: createFaults(random),
    pace: createPace(),
    mediaFiles: createMediaFiles(settings.ledgerDir),
    strangers: new Map(),
    heldBack: new Map(),
    batch: [],
    soonCount: 0,
    awaitsCallback: false,
    watchers: new Set(),
    origin: '',
  };
  return sim;
}

function keepAnswer(sim: Simulation, { updates, url, body, tries, answer, done }: Posted): void {
  const at = sim.clock.now();
  record(sim, { fact: 'posted', at, updates: updates.map((one) => one.id), tries, answer, done });
  sim.journal.add({ at, kind: 'webhook', what: url, answer, detail: { tries, done, body } });
}

// Every limit and time-out is set; an answer that is meant never to come is the Graph's own doing.
function createApp(sim: Simulation, control: Control): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 2_000_000,
    requestTimeout: 120_000,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000,
    maxRequestsPerSocket: 0,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 2000 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    // What cannot even be routed, such as a broken `%`, is the Graph's to refuse.
    frameworkErrors: (error, _request, reply) => refuseInGraph(sim, reply, error),
    http: { headersTimeout: 30_000, maxHeaderSize: 32_768 },
  });
  void app.register(async (scope) => controlRoutes(scope, sim, control), { prefix: '/_sim/v1' });
  void app.register(async (scope) => graphRoutes(scope, sim));
  return app;
}
