// Owner, lease, order: rules 1 to 15 of docs/protocol.md.
import type { Mechanism } from './mechanism.ts';

const HISTORIES = 'test/protocol/histories.test.ts';
const LEASE = 'src/lanes/lease.test.ts';
const OUTCOMES = 'test/protocol/outcomes.test.ts';

export const OWNERSHIP: readonly Mechanism[] = [
  {
    promise: 3,
    rule: 1,
    mechanism: 'a node calls only within its lease',
    file: 'src/lanes/lease.ts',
    find: 'state.held.get(phoneNumberId) === epoch && isFresh(state),',
    replace: 'state.held.get(phoneNumberId) === epoch,',
    test: { file: OUTCOMES, name: 'when the call is due' },
  },
  {
    promise: 3,
    rule: 2,
    mechanism: 'a heartbeat is judged by when its answer came',
    file: 'src/lanes/lease.ts',
    find: `  const seen = await beat(ctx.db, state.node, state.leaseSeconds);
  // Judged by when it was answered: one that was sent in time may have arrived after a takeover.
  if (!state.first && !isFresh(state)) state.late = true;`,
    replace: `  if (!state.first && !isFresh(state)) state.late = true;
  const seen = await beat(ctx.db, state.node, state.leaseSeconds);`,
    test: { file: LEASE, name: 'a heartbeat that was sent in time and arrives after a takeover' },
  },
  {
    promise: 3,
    rule: 3,
    mechanism: 'after a late heartbeat the lanes are taken anew',
    file: 'src/lanes/lease.ts',
    find: 'if (state.late) await anew(state);',
    replace: 'state.late = false;',
    test: { file: HISTORIES, name: 'does not call it under an epoch that it lost' },
  },
  {
    promise: 3,
    rule: 3,
    mechanism: 'an answer that is lost while lanes are taken anew is asked for again',
    file: 'src/lanes/lease.ts',
    find: 'state.late = state.renewals !== asked;',
    replace: 'state.late = false;',
    test: { file: LEASE, name: 'what is asked for while lanes are taken anew is done again' },
  },
  {
    promise: 3,
    rule: 4,
    mechanism: 'what is being called goes on when the epoch rises',
    file: 'src/dispatch/dispatcher.ts',
    find: 'calling: caller.calling(phoneNumberId),',
    replace: 'calling: [],',
    test: { file: HISTORIES, name: 'what a node is calling goes on when the lane is taken anew' },
  },
  {
    promise: 3,
    rule: 5,
    mechanism: 'the check before a call compares epochs',
    file: 'src/lanes/lease.ts',
    find: 'state.held.get(phoneNumberId) === epoch && isFresh(state),',
    replace: 'state.held.has(phoneNumberId) && isFresh(state),',
    test: { file: HISTORIES, name: 'does not call it under a later epoch of its own either' },
  },
  {
    promise: 3,
    rule: 6,
    mechanism: 'the check stands in the step that hands the request to the socket',
    file: 'src/meta/client.ts',
    find: `    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        wire = controller;
        if (over || left || !mayLeave())`,
    replace: `    const may = mayLeave();
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        wire = controller;
        if (over || left || !may)`,
    test: { file: OUTCOMES, name: 'when a connection comes free at last' },
  },
  {
    promise: 3,
    rule: 6,
    mechanism: 'Meta is spoken to by HTTP/1.1 alone',
    file: 'src/meta/client.ts',
    find: 'allowH2: false,',
    replace: 'allowH2: true,',
    test: { file: 'src/meta/client.test.ts', name: 'speaks HTTP/1.1, also where HTTP/2 is offered' },
  },
  {
    promise: 3,
    rule: 7,
    mechanism: 'a takeover holds for the epoch that it saw',
    file: 'src/lanes/lane-store.ts',
    find: 'where l.phone_number_id = seen.phone_number_id and l.epoch = seen.epoch',
    replace: 'where l.phone_number_id = seen.phone_number_id',
    test: { file: LEASE, name: 'a takeover that saw the lane free before its owner took it anew' },
  },
  {
    promise: 1,
    rule: 8,
    mechanism: 'a lane whose takeover was answered to nobody is taken again',
    file: 'src/lanes/lease.ts',
    find: 'const unsure = state.late || !wasSure;',
    replace: 'const unsure = state.first;',
    test: { file: LEASE, name: 'a lane that was given to a node whose answer was lost' },
  },
  {
    promise: 1,
    rule: 9,
    mechanism: 'open attempts of a lower epoch are found whenever they become visible',
    file: 'src/dispatch/attempt-store.ts',
    find: " or (s.state = 'intended' and s.epoch < lane.epoch))",
    replace: ')',
    test: { file: HISTORIES, name: 'an intent that commits after the takeover is found' },
  },
  {
    promise: 4,
    rule: 10,
    mechanism: 'an accept becomes an intent only where nothing stands before it',
    file: 'src/messages/accept-store.ts',
    find: 'and s.conversation = fresh.conversation and s.turn is not null limit 1) is null',
    replace: 'and s.conversation = fresh.conversation and s.turn is not null limit 1) is null or not behind',
    test: { file: HISTORIES, name: 'what another node has queued goes first' },
  },
  {
    promise: 4,
    rule: 10,
    mechanism: 'only the oldest of a conversation is intended',
    file: 'src/dispatch/dispatch-store.ts',
    find: "(b.turn < s.turn or b.state <> 'queued') limit 1) is null",
    replace: "b.state <> 'queued' limit 1) is null",
    test: { file: HISTORIES, name: 'what waits for its next try is not overtaken' },
  },
  {
    promise: 4,
    rule: 11,
    mechanism: 'and only while none of it has an open attempt',
    file: 'src/dispatch/dispatch-store.ts',
    find: "(b.turn < s.turn or b.state <> 'queued') limit 1) is null",
    replace: 'b.turn < s.turn limit 1) is null',
    test: { file: HISTORIES, name: 'one attempt is in flight for a recipient' },
  },
  {
    promise: 4,
    rule: 12,
    mechanism: 'a node remembers the recipients whose statements are under way',
    file: 'src/lanes/lane.ts',
    find: 'lane.pairs?.took(conversation, now);\n  lane.busy.add(conversation);',
    replace: 'lane.pairs?.took(conversation, now);',
    test: { file: HISTORIES, name: 'two to one recipient that come into one statement' },
  },
  {
    promise: 4,
    rule: 13,
    mechanism: 'followers wait until a call of a former owner can no longer be on the wire',
    file: 'src/dispatch/watch.ts',
    find: 'callEnded: false,',
    replace: 'callEnded: true,',
    test: { file: HISTORIES, name: 'waits until 30 s after that one’s last heartbeat' },
  },
  {
    promise: 4,
    rule: 14,
    mechanism: 'under `fail`, what was unknown once is never queued again',
    file: 'src/dispatch/attempt-store.ts',
    find: "(n.on_unknown = 'fail' or s.turn is null) then 'failed'",
    replace: "false then 'failed'",
    test: { file: HISTORIES, name: 'is not followed by it again: a late no' },
  },
  {
    promise: 4,
    rule: 15,
    mechanism: 'what an owner puts behind others, it puts there under its epoch',
    file: 'src/dispatch/dispatch-store.ts',
    find: `s.state = 'queued' and num_nonnulls(s.ready_at) = 1
  and (select true from lanes l where l.phone_number_id = $4 and l.owner = $5 and l.epoch = $6) is not null`,
    replace: `s.state = 'queued' and num_nonnulls(s.ready_at) = 1 and num_nonnulls($4::text, $5::text, $6::bigint) = 3`,
    test: {
      file: 'test/protocol/lost-lane.test.ts',
      name: 'what a former owner accepts is sent by the new one',
    },
  },
];
