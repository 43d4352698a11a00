// What is told to subscribers.
import type { Mechanism } from './mechanism.ts';

const TELL = 'test/walks/tell.test.ts';
const RETRIES = 'test/walks/deliver-retries.test.ts';
const ORDER = 'test/walks/deliver-in-order.test.ts';
const COLLECTED = 'test/walks/deliver-collected.test.ts';
const SINGLY = 'test/walks/deliver-singly.test.ts';
const HEALTH = 'test/walks/deliver-health.test.ts';
const LINES = 'src/webhooks/line-store.ts';

export const DELIVERIES: readonly Mechanism[] = [
  {
    promise: 7,
    mechanism: 'an event is written in the transaction of what happened',
    file: 'src/events/write-and-tell.ts',
    find: 'await teller.record(tx, events)',
    replace: 'await db.transaction((own) => teller.record(own, events))',
    test: { file: TELL, name: 'what could not be committed is not told' },
  },
  {
    promise: 7,
    mechanism: 'of statements under way together, the failure that took the others with it is heard',
    file: 'src/storage/db.ts',
    find: 'failed && sqlState(thrown) === IN_FAILED_TRANSACTION',
    replace: 'failed && thrown === undefined',
    test: { file: TELL, name: 'a status that met a deadlock is tried again at once' },
  },
  {
    promise: 7,
    mechanism: 'what Meta repeats is told once',
    file: 'src/inbound/keep-store.ts',
    find: 'order by organisation_id, id on conflict do nothing returning id',
    replace:
      'order by organisation_id, id on conflict (organisation_id, id) do update set type = excluded.type returning id',
    test: { file: TELL, name: 'a customer’s message is told once, however often Meta tells it' },
  },
  {
    promise: 7,
    mechanism: 'what a node has taken is nobody else’s until its lease ends',
    file: 'src/webhooks/delivery-store.ts',
    find: 'update deliveries d set due_at = to_timestamp($LEASE / 1000.0), held_by',
    replace: 'update deliveries d set due_at = d.due_at, held_by',
    test: { file: HEALTH, name: 'what waits is taken by two nodes, each of it once' },
  },
  {
    promise: 7,
    mechanism: 'a refusal for good is final',
    file: 'src/webhooks/schedule.ts',
    find: 'status >= 400 && status < 500 && status !== 408',
    replace: 'status === 0 && status < 500 && status !== 408',
    test: { file: RETRIES, name: '2xx is a success' },
  },
  {
    promise: 7,
    mechanism: 'a receiver’s Retry-After is waited for',
    file: 'src/webhooks/schedule.ts',
    find: 'Math.max(plainMs, asked)',
    replace: 'Math.max(plainMs, asked * 0)',
    test: { file: RETRIES, name: 'Retry-After of 429' },
  },
  {
    promise: 7,
    mechanism: 'so many dead in a row turn a subscription off',
    file: 'src/webhooks/health.ts',
    find: 'if (gone || inARow >= most)',
    replace: 'if (gone || inARow >= most + 1)',
    test: { file: HEALTH, name: 'so many dead in a row turn it off' },
  },
  {
    promise: 7,
    mechanism: 'three days after a subscription was turned off nothing more is kept for it',
    file: 'src/webhooks/subscription.ts',
    find: "(status === 'disabled' && now",
    replace: "(status === 'paused' && now",
    test: { file: HEALTH, name: 'what happens long after it was turned off' },
  },
  {
    promise: 7,
    mechanism: 'a subscription of which no try succeeds for 37 hours is turned off',
    file: 'src/webhooks/health.ts',
    find: 'since.getTime() < FAILING_MAX_MS',
    replace: 'since.getTime() < 2 * FAILING_MAX_MS',
    test: { file: HEALTH, name: 'an endpoint of which no try succeeds' },
  },
  {
    promise: 7,
    mechanism: 'a success begins the count of the dead anew',
    file: 'src/webhooks/health.ts',
    find: 'await kept(ctx, () => forgetDead(',
    replace: "await kept(ctx, async () => subscription.id === '' && forgetDead(",
    test: { file: HEALTH, name: 'a success begins the count anew' },
  },
  {
    promise: 7,
    mechanism: 'what waits for one that is gone ends',
    file: 'src/webhooks/delivery-store.ts',
    find: "update deliveries d set state = 'dead', due_at = null, turn = null",
    replace: 'update deliveries d set due_at = d.due_at, turn = d.turn',
    test: { file: HEALTH, name: 'what waits for one that is deleted ends there' },
  },
  {
    promise: 7,
    mechanism: 'a line lets one go at a time',
    file: LINES,
    find: 'set due_at = to_timestamp($5::float8 / 1000), taken_turn = coalesce(l.taken_turn, 0)',
    replace: 'set due_at = l.due_at, taken_turn = coalesce(l.taken_turn, 0)',
    test: { file: ORDER, name: 'two nodes: one after the other' },
  },
  {
    promise: 7,
    mechanism: 'a line waits for the retries of its first',
    file: LINES,
    find: 'over_turn = case when t.due_at is null then t.turn::bigint else l.over_turn end',
    replace: 'over_turn = t.turn::bigint',
    test: { file: ORDER, name: 'in order over retries' },
  },
  {
    promise: 7,
    mechanism: 'a batch is the same with every try',
    file: LINES,
    find: 'lines.map((l) => l.takenTurn ?? l.lastTurn)',
    replace: 'lines.map((l) => l.lastTurn)',
    test: { file: COLLECTED, name: 'a batch that fails is told again as it was' },
  },
  {
    promise: 7,
    mechanism: 'what a dead batch held follows in the transaction of its death',
    file: 'src/webhooks/end-batch.ts',
    find: 'await settleRows(tx, batch.rows)',
    replace: 'await settleRows(db, batch.rows)',
    test: { file: SINGLY, name: 'a batch dies only together with what follows it' },
  },
  {
    promise: 7,
    mechanism: 'what a dead batch held goes out one after the other where order is asked for',
    file: 'src/webhooks/end-batch.ts',
    find: 'const turns = subscription.ordered ?',
    replace: 'const turns = !subscription.ordered ?',
    test: { file: SINGLY, name: 'where order is asked for they come one after the other' },
  },
  {
    promise: 7,
    mechanism: 'what is told singly is not counted a second time',
    file: 'src/webhooks/settle.ts',
    find: "else if (isSingle && verdict.kind !== 'gone')",
    replace: "else if (isSingle && verdict.kind === 'succeeded')",
    test: { file: SINGLY, name: 'what is told singly does not count' },
  },
  {
    promise: 8,
    mechanism: 'only an organisation’s own subscriptions hear of its events',
    file: 'src/webhooks/subscription-directory.ts',
    find: 'const all = hearing.get(organisationId);',
    replace: 'const all = [...hearing.values()].flat();',
    test: { file: 'test/walks/tell-apart.test.ts', name: 'a batch that mixes two organisations' },
  },
  {
    promise: 9,
    mechanism: 'a webhook secret signs until it expires',
    file: 'src/webhooks/sign-try.ts',
    find: 'one.expiresAt === null || one.expiresAt.getTime() > now',
    replace: 'one.expiresAt === null || one.expiresAt.getTime() > 0',
    test: {
      file: 'test/walks/webhook-subscriptions.test.ts',
      name: 'while a secret is replaced the old and the new one sign',
    },
  },
];
