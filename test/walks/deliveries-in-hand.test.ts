// What a node has in hand is its own for 45 s. It comes back sooner when the node starts again, or was never told that it has it; what
// another node has in hand stays with that node.
import { expect, test } from 'vitest';

import type { OrganisationId } from '../../src/kernel/ids.ts';
import { holderOf } from '../../src/webhooks/delivery.ts';
import { startHook, type Hook } from '../support/hook.ts';
import { startHouse, until, type House } from '../support/house.ts';
import { customerWrites } from '../support/meta-webhook.ts';

const LOOPBACK = { config: { webhookAllow: '127.0.0.0/8' } };

test.concurrent('a node that starts again takes up what it had in hand; another one does not', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  hook.answer(() => undefined);
  await subscribe(house, hook);
  await customerWrites(house);
  await until('the first try', async () => hook.heard.length === 1);
  hook.answer(200);
  const held = await onlyRow(house);
  expect(held.held_by).toBe(holderOf(firstId(house)));
  await using other = await house.addNode();
  expect(other.id).not.toBe(firstId(house));
  expect(await onlyRow(house)).toEqual(held);
  // As after kill -9: the former process never hears what became of its try.
  await using again = await house.addNode({ nodeId: firstId(house) });
  expect(again.id).toBe(firstId(house));
  await until('the second try', async () => hook.heard.length === 2);
  expect(hook.heard[1]?.body).toBe(hook.heard[0]?.body);
});

test.concurrent('what a node holds in the table and was never told of comes back', async () => {
  await using house = await startHouse(LOOPBACK);
  await using hook = await startHook();
  const id = await subscribe(house, hook);
  await house.gateway.webhooks.change(house.organisationId as OrganisationId, id, { status: 'paused' });
  await customerWrites(house);
  // The answer to the statement that took it was lost, six seconds ago.
  await house.ctx.db.query(
    `update deliveries set held_by = $1, due_at = clock_timestamp() + interval '39 seconds'`,
    [holderOf(firstId(house))],
  );
  await house.gateway.webhooks.change(house.organisationId as OrganisationId, id, { status: 'active' });
  await until('it to be found', async () => hook.heard.length === 1, 20_000);
});

async function subscribe(house: House, hook: Hook): Promise<string> {
  const { status, body } = await house.request('POST', '/v1/webhook_subscriptions', {
    url: hook.url,
    events: ['message.received'],
  });
  expect(status).toBe(201);
  return body.data.id;
}

async function onlyRow(house: House): Promise<{ held_by: number | null; due_at: Date }> {
  const [row, more] = await house.ctx.db.query<{ held_by: number | null; due_at: Date }>(
    'select held_by, due_at from deliveries',
  );
  if (!row || more) throw new Error('There is not one delivery.');
  return row;
}

function firstId(house: House): string {
  return `node-${house.schema}`;
}
