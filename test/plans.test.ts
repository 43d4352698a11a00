// Hot statements keep the plan they were first given, so that plan must be right however large the tables grow: each row of the batch
// finds its rows by an index, with every column of the condition, and nothing is ever read from end to end.
import { expect, test } from 'vitest';

import { selectContacts } from '../src/conversations/contact-store.ts';
import { selectConversations } from '../src/conversations/conversation-store.ts';
import { createWindowLookUp } from '../src/conversations/look-up-window.ts';
import { postpone } from '../src/dispatch/dispatch-store.ts';
import { listAmendments, listMessages } from '../src/messages/message-store.ts';
import { leastId } from '../src/kernel/ids.ts';
import type { Queryable } from '../src/storage/db.ts';
import { listDeliveries, selectReplayable } from '../src/webhooks/delivery-log-store.ts';
import { customerWrites } from './support/meta-webhook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from './support/house.ts';
import { plansOf, preparedIn } from './support/hot-plans.ts';
import { startMetaByHand, type MetaByHand } from './support/meta-by-hand.ts';

test('the plans of all hot statements go by an index, on empty tables and on filled ones', async () => {
  await using meta = await startMetaByHand();
  // One connection for all hot statements: what was prepared there can be looked at.
  await using house = await startHouse({ config: { graphUrl: meta.url, databaseConnections: 3 } });
  await everyWalk(house, meta);
  const plans = await plansOf(house);
  expect(plans).toMatchSnapshot();
  for (const [name, lines] of plans)
    expect(lines.join('\n'), name).not.toMatch(/Seq Scan|Hash Join|Merge Join/);
  await fill(house);
  expect(await plansOf(house)).toEqual(plans);
}, 60_000);

test('a page of messages is read in the order of its index, also where PostgreSQL knows nothing of the tables yet', async () => {
  await using house = await startHouse({ simulator: { windowEnforced: false } });
  for (const table of ['messages', 'message_states'])
    await house.ctx.db.query(`alter table ${table} set (autovacuum_enabled = off)`);
  await house.sendText('+628111111111', 'Halo', { prefer: 'respond-async' });
  await copies(house);
  for (const phoneNumberId of [undefined, PHONE_NUMBER_ID]) {
    const plan = await planOf(house, (db, organisationId) =>
      listMessages(db, { ...ANY, organisationId, phoneNumberId, limit: 21 }),
    );
    expect(plan).toMatch(/Index Scan Backward using messages_of_number/);
    expect(plan).not.toMatch(/Seq Scan|Bitmap/);
  }
  for (const conversations of [undefined, ['628111111111']]) {
    const plan = await planOf(house, (db, organisationId) =>
      listMessages(db, {
        ...ANY,
        organisationId,
        phoneNumberId: undefined,
        conversations,
        wamid: 'wamid.1',
        limit: 21,
      }),
    );
    expect(plan).toMatch(/message_states_wamids/);
    expect(plan).not.toMatch(/Seq Scan|messages_of/);
  }
  const wamids = Array.from({ length: 20 }, (_, i) => `wamid.${i}`);
  const plan = await planOf(house, (db, organisationId) =>
    listAmendments(
      db,
      organisationId,
      wamids.map((wamid) => ({ phoneNumberId: PHONE_NUMBER_ID, wamid })),
    ),
  );
  expect(plan).toMatch(/messages_amending/);
  expect(plan).not.toMatch(/Seq Scan/);
}, 60_000);

test('so are the messages of one conversation, and pages of conversations and contacts', async () => {
  await using house = await startHouse({ simulator: { windowEnforced: false } });
  for (const table of ['messages', 'message_states', 'conversations', 'contacts'])
    await house.ctx.db.query(`alter table ${table} set (autovacuum_enabled = off)`);
  await customerWrites(house);
  await copies(house);
  await copiesOfPeople(house);
  const page = { phoneNumberId: PHONE_NUMBER_ID, after: undefined, limit: 21 };
  const anyones = { ...page, status: undefined, id: undefined, assignee: undefined, labelId: undefined };
  const conversations = (filter: object) =>
    planOf(house, (db, organisationId) => selectConversations(db, { ...anyones, organisationId, ...filter }));
  const plans = [
    [
      'messages_of_conversation',
      await planOf(house, (db, organisationId) =>
        listMessages(db, { ...ANY, ...page, organisationId, conversations: ['1'] }),
      ),
    ],
    ['conversations_latest', await conversations({ status: 'open' })],
    ['conversations_latest', await conversations({ assignee: null })],
    ['conversations_latest', await conversations({ labelId: 'lbl_1', status: 'open' })],
    ['conversations_assigned', await conversations({ assignee: 'usr_ani' })],
    [
      'conversations_assigned',
      await conversations({ assignee: 'usr_ani', labelId: 'lbl_1', status: 'open' }),
    ],
    [
      'conversations_assigned',
      await conversations({ assignee: 'usr_ani', after: { lastMessageAt: '2026-01-01', id: 'cnv_1' } }),
    ],
    ['conversations_assigned', await conversations({ assignee: 'usr_ani', phoneNumberId: undefined })],
    [
      'contacts_of_number',
      await planOf(house, (db, organisationId) =>
        selectContacts(db, { ...page, organisationId, phone: undefined, search: 'a', labelId: undefined }),
      ),
    ],
  ] as const;
  const byPhone = { ...page, phone: '628111111111', search: undefined, labelId: undefined };
  expect(
    await planOf(house, (db, organisationId) => selectContacts(db, { ...byPhone, organisationId })),
  ).toMatch(/Index Scan using contacts_by_phone /);
  for (const [index, plan] of plans) {
    expect(plan).toMatch(new RegExp(`Index Scan Backward using ${index} `));
    expect(plan).not.toMatch(/Seq Scan|Bitmap/);
  }
}, 60_000);

test('a page of deliveries is read in the order of its index, in the partitions of its time alone', async () => {
  await using house = await startHouse();
  await until('the days to come', async () => (await partitions(house)) > 3);
  await house.ctx.db.query(
    `insert into deliveries (organisation_id, id, subscription_id, event_id, dialect, type, told_at, created_at, state)
     select $1, 'wbd_' || lpad(n::text, 26, '0'), 'wbs_' || n % 50, 'evt_' || n, 'kirim', 'message.status', now(), now(),
       case when n % 100 < 2 then 'dead' else 'succeeded' end from generate_series(1, 20000) as n`,
    [house.organisationId],
  );
  const every = {
    subscriptionId: undefined,
    state: undefined,
    type: undefined,
    below: undefined,
    from: undefined,
  };
  const now = { id: leastId('wbd', Date.now()), at: new Date() };
  for (const range of [
    every,
    { ...every, subscriptionId: 'wbs_7' },
    { ...every, state: 'succeeded' as const },
    { ...every, from: { id: leastId('wbd', 0), at: new Date(0) }, below: now },
  ]) {
    const plan = await planOf(house, (db, organisationId) =>
      listDeliveries(db, organisationId, { range, limit: 26 }),
    );
    expect(plan).toMatch(/Index Scan Backward using deliveries_default_pkey/);
    expect(plan).not.toMatch(/Seq Scan|Bitmap|Sort  /);
  }
  const dead = { ...every, subscriptionId: 'wbs_1', state: 'dead' as const };
  const [page, replays] = [
    await planOf(house, (db, organisationId) =>
      listDeliveries(db, organisationId, { range: dead, limit: 26 }),
    ),
    await planOf(house, (db, organisationId) =>
      selectReplayable(db, organisationId, { range: dead, limit: 1_001 }),
    ),
  ];
  for (const plan of [page, replays]) {
    expect(plan).toMatch(/using deliveries_default_organisation_id_subscription_id_id_idx/);
    expect(plan).not.toMatch(/Seq Scan/);
  }
  // Those of the days to come are not even looked at.
  const present = await planOf(house, (db, organisationId) =>
    listDeliveries(db, organisationId, { range: { ...every, below: now }, limit: 26 }),
  );
  expect(present.match(/_pkey/g)).toHaveLength(1);
}, 60_000);

async function partitions(house: House): Promise<number> {
  const [row] = await house.ctx.db.query<{ count: number }>(
    `select count(*)::int as count from pg_inherits where inhparent = 'deliveries'::regclass`,
  );
  return row?.count ?? 0;
}

// What the room would ask, explained instead of asked.
async function planOf(
  house: House,
  ask: (db: Queryable, organisationId: string) => Promise<unknown>,
): Promise<string> {
  const { reading } = house.gateway.ctx.db;
  let plan = '';
  const explaining: Queryable = {
    async query(text, values) {
      const rows = await reading.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      return [];
    },
  };
  await ask(explaining, house.organisationId);
  return plan;
}

const ANY = {
  direction: undefined,
  conversations: undefined,
  states: undefined,
  createdAfter: undefined,
  createdBefore: undefined,
  after: undefined,
  wamid: undefined,
};

const HOT = [
  'accept',
  'end',
  'find-keys',
  'intend',
  'keep-inbound',
  'keep-outbound',
  'keys by hash',
  'last-inbound',
  'lines-with-ready',
  'postpone',
  'progress',
  'promote',
  'read-ready',
  'read-watched',
];

// Fast and queued sends, a refused one, a repeat, a customer's message, one that waits behind another, and the looks of a tick.
async function everyWalk(house: House, meta: MetaByHand): Promise<void> {
  const later = { prefer: 'respond-async' };
  const key = { 'idempotency-key': 'the-same' };
  meta.react(({ body }) => {
    const text = JSON.stringify(body);
    if (text.includes('refuse')) return { kind: 'refuse', code: 131_016, status: 400 };
    return { kind: text.includes('hold') ? 'hold' : 'accept' };
  });
  await customerWrites(house);
  await house.sendText('+628111111111', 'Halo', key);
  await house.sendText('+628111111111', 'Halo', key);
  await house.sendText('+628111111112', 'refuse', later);
  await house.sendText('+628111111113', 'hold', later);
  await house.sendText('+628111111113', 'behind it', later);
  // Seldom needed: only another node's accept does not know who stands before it.
  await postpone(house.gateway.ctx.db, { phoneNumberId: PHONE_NUMBER_ID, owner: 'nobody', epoch: 0 }, []);
  // Only numbers that check windows ask.
  await createWindowLookUp(house.gateway.ctx.db).lastInboundAt({
    organisationId: house.organisationId,
    phoneNumberId: PHONE_NUMBER_ID,
    conversation: '1',
  });
  meta.letGo();
  await until('every hot statement', async () => {
    await house.gateway.tick();
    return (await namesIn(house)).length >= HOT.length;
  });
  // A new one is added to the list, and to the walk that it is of.
  expect(await namesIn(house)).toEqual(HOT);
}

async function namesIn(house: House): Promise<string[]> {
  return (await preparedIn(house)).map(({ name }) => name);
}

// Enough rows, of one number and one customer, that another way would look cheaper to a planner that is free to choose.
async function fill(house: House): Promise<void> {
  await copies(house);
  await house.ctx.db.query('analyze messages');
  await house.ctx.db.query('analyze message_states');
  await copiesOfPeople(house);
  await house.ctx.db.query('analyze contacts');
  await house.ctx.db.query('analyze conversations');
}

async function copiesOfPeople(house: House): Promise<void> {
  await house.ctx.db.query(
    `insert into contacts (organisation_id, phone_number_id, key, id, phone, user_id, created_at, updated_at)
     select organisation_id, phone_number_id, 'k' || g, id || g, g, 'u' || g, now(), now() from generate_series(1, 20000) g, (select * from contacts limit 1) c`,
  );
  await house.ctx.db.query(
    `insert into conversations (organisation_id, phone_number_id, conversation, id, assignee, last_message_at, created_at, updated_at)
     select organisation_id, phone_number_id, key, id, case when phone like '%0' then 'usr_ani' end, now(), now(), now() from contacts on conflict do nothing`,
  );
}

async function copies(house: House): Promise<void> {
  const { db } = house.ctx;
  await db.query(
    `insert into messages (organisation_id, id, phone_number_id, direction, type, recipient, conversation, body, created_at)
     select m.organisation_id, 'msg_' || lpad(g::text, 26, '0'), m.phone_number_id, 'outbound', 'text', '1', '1', '{}', now()
     from generate_series(1, 20000) g, (select * from messages limit 1) m`,
  );
  await db.query(
    `insert into message_states (organisation_id, id, phone_number_id, conversation, accepted_at, priority, line, rank, state, turn, ready_at, wamid)
     select organisation_id, id, phone_number_id, conversation, now(), 2, 2, 0, 'queued', nextval('message_turns'), null, id
     from messages where conversation = '1'`,
  );
}
