// A whole house through PgBouncer in transaction mode, as Debian packages it: two nodes, one that listens by an address of its own and one
// that only looks.
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

import { examinePooler } from '../../src/cli/examine-pooler.ts';
import { openDatabase } from '../../src/storage/db.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { isPoolerAt } from '../../src/storage/pooler.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { startHook } from '../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Node } from '../support/house.ts';
import { findPgBouncer, startPgBouncer, type PgBouncer } from '../support/pgbouncer.ts';
import { subscribe } from '../support/subscribe.ts';

const KIRIM = `/v1/${PHONE_NUMBER_ID}/messages`;
const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;

// Where every test has to run (.ci/run), its absence is a failure.
const skipped = findPgBouncer() === undefined && process.env['KURIR_TEST_ALL'] === undefined;

describe.skipIf(skipped)(
  'through PgBouncer (skipped where it is not installed: apt-get install pgbouncer)',
  () => {
    let bouncer: PgBouncer;
    let house: House;
    let other: Node;
    let stack: AsyncDisposableStack;
    beforeEach(async () => {
      stack = new AsyncDisposableStack();
      house = await startHouse({
        simulator: { windowEnforced: false },
        config: { listenUrl: inject('databaseUrl'), webhookAllow: '127.0.0.0/8' },
        pooler: async (schema) => {
          bouncer = stack.use(await startPgBouncer(inject('databaseUrl'), schema));
          return bouncer.url;
        },
      });
      stack.use(house);
      other = await house.addNode({ config: { listenUrl: undefined } });
      await house.gateway.beat();
    });
    afterEach(async () => {
      await stack.disposeAsync();
    });

    test('both nodes see it, and the schema can be brought up to date by way of it', async () => {
      expect(await isPoolerAt(inject('databaseUrl'))).toBe(false);
      for (const node of [house, other]) expect(await node.gateway.ctx.db.isPooled()).toBe(true);
      const db = openDatabase({ url: bouncer.url, connections: 3, onIdleError: () => undefined });
      const [first, second] = await Promise.all([migrate(db), migrate(db)]);
      expect([first?.applied, second?.applied]).toEqual([[], []]);
      await db.close();
    });

    test('doctor says who does not hear, and that statements may last for ever', async () => {
      const states = async (node: House | Node): Promise<string[]> =>
        (await examinePooler(node.gateway.ctx)).map((one) => `${one.state}: ${one.says}`);
      const timeouts =
        'warning: statement_timeout and idle_in_transaction_session_timeout: none is set, and none can be set through a pooler';
      expect(await states(house)).toEqual(['ok: nodes hear each other by KURIR_LISTEN_URL', timeouts]);
      expect(await states(other)).toEqual([
        expect.stringMatching(/^warning: LISTEN does not pass it/),
        timeouts,
      ]);
    });

    test('sends through both nodes arrive once, in order, and their statuses come back', async () => {
      const texts = Array.from({ length: 20 }, (_, i) => `Nomor ${i}`);
      const people = Array.from({ length: 10 }, (_, i) => `1202555${String(4_000 + i)}`);
      const ids: string[] = [];
      for (const text of texts)
        for (const node of [house, other]) {
          const sent = await Promise.all(
            people.map((to) => node.sendText(to, `${text} ${node === house}`, { prefer: 'respond-async' })),
          );
          for (const reply of sent) {
            expectStatus(reply, 200);
            ids.push(reply.body.data.id);
          }
        }
      await until('every message to be delivered', async () => {
        const rows = await house.ctx.db.query("select 1 from message_states where state = 'delivered'");
        return rows.length === ids.length;
      });
      for (const to of people) {
        const arrived = house.simulator.control
          .messages({ to, direction: 'outbound' })
          .map((one) => one.text);
        expect(arrived).toEqual(texts.flatMap((text) => [`${text} true`, `${text} false`]));
      }
      expect((await other.request('GET', `${KIRIM}/${ids[0]}`)).body.data.status).toBe('delivered');
    });

    test('statuses are told, and nothing is asked that pg will not answer any more', async () => {
      const warnings: Error[] = [];
      const warned = (warning: Error): void => void warnings.push(warning);
      process.on('warning', warned);
      await using hook = await startHook();
      await subscribe(house, { url: hook.url, events: ['message.status'] });
      expectStatus(await house.sendText('12025554003'), 200);
      await until('sent and delivered', async () => hook.heard.length === 2);
      process.off('warning', warned);
      expect(warnings).toEqual([]);
    });

    test('a repeat with its key on the other node is answered alike, and Meta’s dialect is given its wamid', async () => {
      const key = { 'idempotency-key': 'order-17' };
      const sent = await other.sendText('12025554001', 'Halo', key);
      expectStatus(sent, 200);
      const again = await house.sendText('12025554001', 'Halo', key);
      expect(again.body.data).toEqual(sent.body.data);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      const text = { messaging_product: 'whatsapp', to: '12025554002', type: 'text', text: { body: 'Halo' } };
      for (const node of [house, other]) {
        const owed = await node.request('POST', GRAPH, text);
        expectStatus(owed, 200);
        expect(owed.body['messages']).toEqual([{ id: expect.stringMatching(/^wamid/) }]);
      }
    });

    test('it dies in the middle of sends and comes back: what was accepted arrives once', async () => {
      const sends = Array.from({ length: 60 }, (_, i) => ({ to: `1202555${String(5_000 + (i % 12))}`, i }));
      const results = Promise.all(
        sends.map(async ({ to, i }) => {
          const node = i % 2 === 0 ? house : other;
          const headers = { 'idempotency-key': `send-${i}`, prefer: 'respond-async' };
          return until(
            `an answer to send ${i}`,
            async () => {
              const reply = await node.sendText(to, `Nomor ${i}`, headers);
              return reply.status === 200 && reply.body.data.id;
            },
            40_000,
          );
        }),
      );
      await until('the first to have arrived', async () => house.simulator.control.messages({}).length > 0);
      await bouncer.kill();
      await bouncer.start();
      const ids = await results;
      expect(new Set(ids).size).toBe(sends.length);
      await until(
        'every message to be at Meta',
        async () => {
          const rows = await house.ctx.db.query(
            "select 1 from message_states where state in ('pending', 'sent', 'delivered')",
          );
          return rows.length === ids.length;
        },
        40_000,
      );
      const arrived = house.simulator.control.messages({ direction: 'outbound' }).map((one) => one.text);
      expect(arrived.toSorted()).toEqual(sends.map(({ i }) => `Nomor ${i}`).toSorted());
    }, 90_000);
  },
);

test.skipIf(skipped)('a session through PgBouncer is told nothing: it would be refused', async () => {
  await using bouncer = await startPgBouncer(inject('databaseUrl'), 'public');
  const db = openDatabase({ url: bouncer.url, connections: 2, onIdleError: () => undefined });
  const [row] = await db.query('select 1 as one').catch(() => []);
  await db.close();
  expect(row).toEqual({ one: 1 });
});
