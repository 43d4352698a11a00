// Pace, classes, and several nodes over one database.
import type { Mechanism } from './mechanism.ts';

const ORDER = 'test/walks/order-and-limits.test.ts';
const PACE = 'src/lanes/pace.test.ts';
const POOLER = 'test/walks/pooler.test.ts';
const TWO_NODES = 'test/walks/two-nodes.test.ts';

export const LANES: readonly Mechanism[] = [
  {
    promise: 5,
    mechanism: 'lines have weights: who waits before `normal`, `normal` before `bulk`',
    file: 'src/dispatch/next-turn.ts',
    find: '[16, 8, 4, 1]',
    replace: '[1, 4, 8, 16]',
    test: { file: 'src/dispatch/next-turn.test.ts', name: 'with everything queued: 16 for high' },
  },
  {
    promise: 5,
    mechanism: 'what leaves is counted once more as it leaves',
    file: 'src/lanes/pace.ts',
    find: 'leave: (at) => left.leave(at),',
    replace: 'leave: () => 0,',
    test: { file: PACE, name: 'turns that come late all together leave one after the other' },
  },
  {
    promise: 5,
    mechanism: 'who is a moment late may catch up',
    file: 'src/lanes/pace.ts',
    find: 'const LATE_MS = 60;',
    replace: 'const LATE_MS = 0;',
    test: { file: PACE, name: 'a loop that is late by up to fifty milliseconds costs no turns' },
  },
  {
    promise: 5,
    mechanism: 'when Meta says that it is too much, the rate falls to half',
    file: 'src/lanes/pace.ts',
    find: 'share = Math.max(LEAST, share / 2);',
    replace: 'share = Math.max(LEAST, share);',
    test: { file: PACE, name: 'half goes after the quiet, and all of it again after ten seconds' },
  },
  {
    promise: 5,
    mechanism: 'a no of Meta’s slows the lane',
    file: 'src/dispatch/brake.ts',
    find: 'slowDown(one, now, brake.retryAfterMs);',
    replace: 'one.doubted = true;',
    test: { file: ORDER, name: 'by the simulator’s own throughput loses none' },
  },
  {
    promise: 5,
    mechanism: 'the pace of a number is kept by waiting',
    file: 'src/dispatch/queue.ts',
    find: '      lane.pace.waitMs(now),\n',
    replace: '',
    test: { file: ORDER, name: 'of 20 a second is kept by waiting' },
  },
  {
    promise: 5,
    mechanism: 'the pace of a recipient is kept by waiting',
    file: 'src/lanes/pace.ts',
    find: 'Math.max(0, (due.get(conversation) ?? 0) - (PAIR_BURST - 1) * PAIR_INTERVAL_MS - now),',
    replace: 'Math.min(0, now),',
    test: { file: ORDER, name: 'to one customer is kept, too: the burst of 45' },
  },
  {
    promise: 5,
    mechanism: 'a number that Meta does not take any more stops and keeps its queue',
    file: 'src/dispatch/brake.ts',
    find: "if (brake.kind === 'stop number') return stop(lane, brake.reason);",
    replace: "if (brake.kind === 'stop number') return;",
    test: { file: ORDER, name: 'is degraded and keeps its queue' },
  },
  {
    promise: 5,
    mechanism: 'the pace follows Meta’s throughput level',
    file: 'src/chores/follow-throughput.ts',
    find: 'await numbers.setNumber({ organisationId, phoneNumberId, throughput });',
    replace: '',
    test: {
      file: 'test/walks/throughput.test.ts',
      name: 'a number that follows Meta gets the pace of its level',
    },
  },
  {
    promise: 5,
    mechanism: 'nodes tell each other by hints',
    file: 'src/lanes/hints.ts',
    find: 'if (stopped || !hasNeighbours()) return;',
    replace: 'if (stopped || word) return;',
    test: {
      file: TWO_NODES,
      name: 'is sent by the one that does, and answered, without either looking by itself',
    },
  },
  {
    promise: 5,
    mechanism: 'a connection for hints that breaks is opened again',
    file: 'src/storage/listen.ts',
    find: 'state.timer = state.clock.after(backoffMs(AGAIN, state.failures, 0.5), () => void open(state));',
    replace: '',
    test: { file: TWO_NODES, name: 'a node whose connection for hints breaks listens again' },
  },
  {
    promise: 5,
    mechanism: 'a node with more than its share leaves lanes to others',
    file: 'src/lanes/lease.ts',
    find: 'const surplus = surplusOf(held.size, share);',
    replace: 'const surplus = 0 * surplusOf(held.size, share);',
    test: { file: TWO_NODES, name: 'are spread evenly, stay where they are, and move back when one stops' },
  },
  {
    promise: 3,
    mechanism: 'a lane is left only when nothing of it is under way',
    file: 'src/dispatch/dispatcher.ts',
    find: 'for (const lane of chosen.filter((one) => one.busy.size > 0)) {',
    replace: 'for (const lane of chosen.filter((one) => one.busy.size < 0)) {',
    test: { file: TWO_NODES, name: 'a lane is not left while something of it is on its way to Meta' },
  },
  {
    promise: 5,
    mechanism: 'a node that stops says so: the others leave no room for it',
    file: 'src/lanes/lease.ts',
    find: 'await stopNode(state.ctx.db, state.node.id);',
    replace: '',
    test: { file: TWO_NODES, name: 'a node that stops leaves its lanes at once, to one that need not look' },
  },
  {
    promise: 1,
    mechanism: 'through a pooler nothing is set in a session',
    file: 'src/storage/pools.ts',
    find: 'const all = openPool(options, connections, {});',
    replace: "const all = openPool(options, connections, sessionOf('hot', schema));",
    test: { file: POOLER, name: 'sends through both nodes arrive once, in order' },
  },
  {
    promise: 1,
    mechanism: 'through a pooler no statement is prepared',
    file: 'src/storage/db.ts',
    find: 'pooled ? undefined : name',
    replace: 'name',
    test: { file: POOLER, name: 'sends through both nodes arrive once, in order' },
  },
];
