// The gateway: the only place where the rooms are wired together, and the only file that sees them all. Made, started and stopped here.
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';

import { openContext, type Context, type ContextInput } from './context.ts';
import { createThroughputFollower } from './chores/follow-throughput.ts';
import { createSweep } from './chores/sweep.ts';
import { graph } from './dialects/graph/index.ts';
import { metaTelling } from './dialects/graph/tell-event.ts';
import { kapso } from './dialects/kapso/index.ts';
import { kapsoTelling } from './dialects/kapso/tell-event.ts';
import { kirim } from './dialects/kirim/index.ts';
import { kirimTelling } from './dialects/kirim/tell-event.ts';
import { standardTelling } from './dialects/standard/tell-event.ts';
import type { Teller } from './events/teller.ts';
import { createDispatch } from './dispatch/dispatcher.ts';
import { closeApp, createApp } from './http/app.ts';
import { createWindowLookUp } from './conversations/look-up-window.ts';
import { createOutboundKeeper, type OutboundKeeper } from './conversations/keep-outbound.ts';
import { createKeyLookUp } from './idempotency/idempotency-key.ts';
import { createReceiver } from './inbound/receive.ts';
import type { Timer } from './kernel/clock.ts';
import { readVersion } from './kernel/version.ts';
import { createBacklog } from './lanes/backlog.ts';
import { createHearing } from './lanes/hearing.ts';
import { createHints, type Hints } from './lanes/hints.ts';
import { allDue } from './lanes/lane.ts';
import { createLanes } from './lanes/lanes.ts';
import { createLease, type Lease } from './lanes/lease.ts';
import { createWaiters } from './lanes/waiters.ts';
import { openMedia, type Media } from './media/open-media.ts';
import { createAccepter } from './messages/accept-message.ts';
import { createQueueCounter } from './messages/count-queued.ts';
import { createReadMarker } from './messages/mark-read.ts';
import { createNewsReader } from './messages/read-news.ts';
import { createProgresser } from './messages/progress-message.ts';
import { createSender } from './messages/send-message.ts';
import { createMediaNews } from './messages/tell-media.ts';
import { createMetaClient, type MetaClient } from './meta/client.ts';
import { createAppDirectory } from './organisations/app-directory.ts';
import { createAuthenticator } from './organisations/authenticate.ts';
import { createBudgets } from './organisations/budgets.ts';
import { createNumberDirectory, type NumberDirectory } from './organisations/number-directory.ts';
import { createDisk, type Disk } from './storage/disk.ts';
import { createDeliverer } from './webhooks/deliverer.ts';
import { createPoster } from './webhooks/post.ts';
import { createDeliveries } from './webhooks/deliveries.ts';
import { LEASE_MS } from './webhooks/delivery.ts';
import { createListening } from './webhooks/listening.ts';
import { createSettler } from './webhooks/settle.ts';
import { createTeller } from './webhooks/fan-out.ts';
import { createHealth } from './webhooks/health.ts';
import { createSubscriptionDirectory } from './webhooks/subscription-directory.ts';
import { createSubscriptions, type Subscriptions } from './webhooks/subscriptions.ts';
import type { Tellings } from './webhooks/telling.ts';

export interface GatewayInput extends ContextInput {
  nodeId: string;
  /** Where the data of a PostgreSQL of our own is: its free space is watched. */
  databaseFolder?: string;
}

export interface Gateway extends AsyncDisposable {
  url: string;
  ctx: Context;
  webhooks: Subscriptions;
  /** Looks for what is due, once: a test ticks instead of waiting. */
  tick(): Promise<void>;
  /** One heartbeat, and what follows from it. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

/** What is left of the time for a stop when calls are no longer waited for. */
const CLOSING_MS = 3_000;
/** Of it, for requests that are half sent and answers that are half read. */
const ANSWERING_MS = 2_000;

/** Starts a gateway on a migrated database; resolves when it takes requests and owns its lanes. */
export async function createGateway(input: GatewayInput): Promise<Gateway> {
  // Back again: the heartbeat need not wait for its time, nor the calls for the heartbeat.
  const ctx = openContext(input, () => void beat().catch(() => undefined));
  let beat = (): Promise<void> => Promise.resolve();
  const disk = watchDisk(ctx, input.databaseFolder);
  const diskIsLow = (): boolean => disk?.isLow() === true;
  const rooms = await wire(ctx, input.nodeId, diskIsLow);
  const state = { stopping: false, started: false };
  const app = createApp({
    ...rooms,
    files: rooms.media.files,
    log: ctx.log,
    dialects: [kirim, kapso, graph],
    state: {
      stopping: () => state.stopping,
      started: () => state.started && rooms.lease.isFresh(),
      diskIsLow,
      mediaTrouble: () => rooms.media.trouble(),
      metaIsLost: () => rooms.dispatch.metaIsLost(),
    },
  });
  const sweep = createSweep(ctx);
  const throughput = createThroughputFollower(ctx, rooms);
  const repeated: (() => void)[] = [];

  async function close(): Promise<void> {
    if (state.stopping) return;
    state.stopping = true;
    for (const stop of repeated) stop();
    sweep.stop();
    throughput.stop();
    disk?.stop();
    await stopAll(ctx, rooms, app);
  }

  await rooms.lease.start();
  beat = () => rooms.lease.beat();
  const { keepHearingMs, heartbeatMs } = ctx.config.times;
  repeated.push(
    repeat(ctx, keepHearingMs, () => rooms.hearing.keep()),
    repeat(ctx, heartbeatMs, () => rooms.backlog.keep()),
  );
  rooms.dispatch.start();
  listen(rooms, ctx.config.listenUrl ?? input.databaseUrl);
  sweep.start();
  throughput.start();
  rooms.media.start();
  rooms.receiver.start();
  rooms.subscriptions.start();
  await rooms.deliverer.start();
  const url = await app.listen({ host: ctx.config.host, port: ctx.config.port });
  state.started = true;
  return {
    url,
    ctx,
    webhooks: rooms.webhooks,
    tick: async () => void (await Promise.all([rooms.dispatch.tick(), rooms.media.tick()])),
    beat: () => rooms.lease.beat(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function stopAll(ctx: Context, rooms: Wired, app: FastifyInstance): Promise<void> {
  const fetched = rooms.media.stop();
  // Calls to Meta that are under way end and are recorded; callers who wait are answered with what is known.
  await rooms.dispatch.stop(ctx.config.shutdownMs - CLOSING_MS);
  rooms.lanes.waiters.release();
  rooms.listening.release();
  await closeApp(app, ANSWERING_MS);
  await Promise.all(rooms.drain.map((room) => room.drained()));
  rooms.subscriptions.stop();
  await rooms.deliverer.stop(CLOSING_MS);
  await rooms.outbound.stop();
  await rooms.hearing.keep().catch(() => undefined);
  await rooms.lease.stop();
  await rooms.hints.stop();
  await rooms.numbers[Symbol.asyncDispose]();
  // A call that Meta has not answered by now may have arrived: its attempt stays open, and the next owner waits for its end.
  rooms.dispatch.abandon();
  await fetched;
  rooms.media.files.close();
  await rooms.meta.close();
  await ctx.db.close();
}

// The rooms from left to right, each handed what it may use.
async function wire(ctx: Context, nodeId: string, diskIsLow: () => boolean) {
  const numbers = await createNumberDirectory(ctx);
  const apps = createAppDirectory(ctx);
  const meta = createMetaClient({
    graphUrl: ctx.config.graphUrl,
    connections: ctx.config.metaConnections,
    timeoutMs: ctx.config.times.callTimeoutMs,
    clock: ctx.clock,
  });
  const tokenKey = ctx.sealer.derive('callback-token');
  const hints = createHints(ctx, () => sending.lease.hasNeighbours());
  const telling = await wireTelling(ctx, { numbers, hints, nodeId });
  const { teller } = telling;
  const media = openMedia(ctx, { meta, numbers, teller, news: createMediaNews(ctx), diskIsLow });
  const sending = wireSending(ctx, { numbers, meta, media, hints, tokenKey, nodeId, diskIsLow, ...telling });
  const { lanes, progresser, sender, accepter } = sending;
  const hearing = createHearing(ctx);
  const receiver = createReceiver(ctx, {
    ...telling,
    fetcher: media.fetcher,
    progresser,
    lanes,
    hearing,
    hints,
    tokenKey,
    apps,
    numbers,
  });
  const readMarker = createReadMarker(ctx, meta);
  return {
    rooms: { ctx, numbers, sender, readMarker, lanes, media, meta, ...telling },
    authenticator: createAuthenticator(ctx),
    budgets: createBudgets(ctx),
    drain: [accepter, progresser, receiver, sender],
    ...sending,
    ...telling,
    apps,
    hearing,
    hints,
    media,
    meta,
    numbers,
    receiver,
  };
}

interface Ground {
  numbers: NumberDirectory;
  hints: Hints;
  nodeId: string;
}

/** Whoever makes something happen is handed the teller; the rest of it delivers. */
async function wireTelling(ctx: Context, { numbers, hints, nodeId }: Ground) {
  const subscriptions = await createSubscriptionDirectory(ctx);
  const about = {
    directory: subscriptions,
    tellings: TELLINGS,
    onChanged: () => hints.subscribed(),
  };
  const health = createHealth(ctx, { ...about, teller: () => teller });
  const settler = createSettler(ctx, { health, keepMs: LEASE_MS });
  const listening = createListening(ctx, { ...about, settler });
  const poster = createPoster(ctx);
  const deliverer = createDeliverer(ctx, { ...about, poster, settler, listening, nodeId });
  const teller: Teller = createTeller(ctx, { ...about, deliverer });
  return {
    subscriptions,
    listening,
    deliverer,
    teller,
    deliveries: createDeliveries(ctx, { ...about, deliverer }),
    webhooks: createSubscriptions(ctx, { ...about, numbers, teller }),
    outbound: createOutboundKeeper(ctx, { teller, numbers }),
  };
}

interface SendingGround extends Ground {
  meta: MetaClient;
  media: Media;
  teller: Teller;
  outbound: OutboundKeeper;
  tokenKey: Buffer;
  diskIsLow: () => boolean;
}

/** From the accept to Meta, and what Meta says of it. */
function wireSending(ctx: Context, ground: SendingGround) {
  const { numbers, meta, hints, teller, outbound, nodeId } = ground;
  const waiters = createWaiters(ctx.clock, {
    readNews: createNewsReader(ctx.db),
    tellElsewhere: (messageId) => hints.told(messageId),
    askElsewhere: (messageId) => hints.asked(messageId),
  });
  const lanes = createLanes(ctx, waiters);
  const progresser = createProgresser(ctx, { lanes, numbers, teller, outbound });
  // The dispatcher is told by the lease what it took, and asks it before each call: neither is made without the other.
  const dispatch = createDispatch(ctx, {
    ...ground,
    lanes,
    lease: () => lease,
    meta,
    progresser,
    onLeft: () => hints.left(),
  });
  const lease: Lease = createLease(ctx, thisProcess(ctx, nodeId), dispatch);
  const keys = createKeyLookUp(ctx.db);
  const backlog = createBacklog(ctx, { nodeId, lanes, countQueued: createQueueCounter(ctx.db) });
  const accepter = createAccepter(ctx, {
    ...ground,
    lanes,
    keys,
    backlog,
    queuedElsewhere: (phoneNumberId) => hints.queued(phoneNumberId),
    renewLease: () => lease.renew(),
  });
  const windows = createWindowLookUp(ctx.db);
  const { uploads } = ground.media;
  const sender = createSender(ctx, { ...ground, accepter, keys, lanes, backlog, windows, uploads });
  return { lanes, progresser, dispatch, lease, backlog, accepter, sender };
}

const TELLINGS: Tellings = {
  kirim: kirimTelling,
  kapso: kapsoTelling,
  meta: metaTelling,
  standard: standardTelling,
};

function thisProcess(ctx: Context, id: string) {
  const startedAt = ctx.clock.now();
  return { id, host: hostname(), pid: process.pid, version: readVersion(), startedAt };
}

// What other nodes hint at is looked at here: in the queues of our lanes, for those who wait, and at lanes that were left.
function listen(
  { hints, lanes, lease, subscriptions }: Pick<Wired, 'hints' | 'lanes' | 'lease' | 'subscriptions'>,
  url: string,
): void {
  hints.listen(url, {
    onQueued(phoneNumberIds) {
      for (const lane of phoneNumberIds.map((id) => lanes.get(id))) {
        if (!lane) continue;
        allDue(lane);
        lanes.dispatcher().wake(lane);
      }
    },
    onTold: (messageIds) => lanes.waiters.look(messageIds),
    onAsked: (messageIds) => lanes.waiters.share(messageIds),
    onSlow: (told) => lanes.dispatcher().slow(told),
    onLeft: () => void lease.beat().catch(() => undefined),
    onSubscribed: () => void subscriptions.reread().catch(() => undefined),
    onListening: () => lanes.waiters.look(),
  });
}

type Wired = Awaited<ReturnType<typeof wire>>;

function watchDisk(ctx: Context, folder: string | undefined): Disk | undefined {
  if (folder === undefined) return undefined;
  const { clock, log, config } = ctx;
  return createDisk({ folder, freeMinBytes: config.diskFreeMinMb * 1024 * 1024, clock, log });
}

/** Does it every few seconds, one after the other; what fails is done the next time. */
function repeat(ctx: Context, everyMs: number, act: () => Promise<void>): () => void {
  let timer: Timer;
  const again = (ms: number): void => {
    timer = ctx.clock.after(
      ms,
      () =>
        void act()
          .catch((error: unknown) => ctx.log.debug({ err: error }, 'could not be written down; it will be'))
          .finally(() => again(everyMs)),
    );
  };
  again(0);
  return () => timer.cancel();
}
