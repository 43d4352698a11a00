// What a stranger finds at the endpoints of webhooks: nothing of the owner's, and nothing changed.
import { expect } from 'vitest';

import { expectKirimError, expectStatus } from './expect-reply.ts';
import type { House, Reply } from './house.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface Tenants {
  house: House;
  asStranger: (route: `${Method} ${string}`, body?: unknown) => Promise<Reply>;
  /** A number of the owner's. */
  phoneNumberId: string;
}

interface Owners {
  id: string;
  secretId: string;
  /** Of a test event that nobody has fetched. */
  deliveryId: string;
}

const SUBSCRIPTIONS = '/v1/webhook_subscriptions';
const DELIVERIES = '/v1/webhook_deliveries';

/** Cases by route, as tenants.test.ts lists them. */
export function webhookCases(tenants: () => Tenants): Record<string, () => Promise<void>> {
  let owners: Promise<Owners> | undefined;
  const known = (): Promise<Owners> => (owners ??= furnish(tenants().house));

  const notFound =
    (route: (of: Owners) => `${Method} ${string}`, body?: unknown) => async (): Promise<void> => {
      const reply = await tenants().asStranger(route(await known()), body);
      expectKirimError(reply, 'resource_not_found');
      await unchanged(tenants().house, await known());
    };
  const empty = (path: (of: Owners) => string) => async (): Promise<void> => {
    const reply = await tenants().asStranger(`GET ${path(await known())}`);
    expectStatus(reply, 200);
    expect(reply.body).toMatchObject({ data: [], has_more: false, next_cursor: null });
  };

  return {
    async [`kirim POST ${SUBSCRIPTIONS}`]() {
      const { asStranger, phoneNumberId } = tenants();
      const body = { url: null, events: ['*'], phone_number_ids: [phoneNumberId] };
      const reply = await asStranger(`POST ${SUBSCRIPTIONS}`, body);
      expectKirimError(reply, 'resource_not_found', 'phone_number_ids[0]');
      // Nor is the owner's listener of the same description found again.
      const { id } = await known();
      const own = await asStranger(`POST ${SUBSCRIPTIONS}`, {
        url: null,
        events: ['*'],
        description: 'Mine',
      });
      expectStatus(own, 201);
      expect(own.body.data.id).not.toBe(id);
      expectStatus(await asStranger(`DELETE ${SUBSCRIPTIONS}/${own.body.data.id}`), 200);
    },
    [`kirim GET ${SUBSCRIPTIONS}`]: empty(() => SUBSCRIPTIONS),
    [`kirim GET ${SUBSCRIPTIONS}/:id`]: notFound(({ id }) => `GET ${SUBSCRIPTIONS}/${id}`),
    [`kirim PATCH ${SUBSCRIPTIONS}/:id`]: notFound(({ id }) => `PATCH ${SUBSCRIPTIONS}/${id}`, {
      status: 'paused',
    }),
    [`kirim DELETE ${SUBSCRIPTIONS}/:id`]: notFound(({ id }) => `DELETE ${SUBSCRIPTIONS}/${id}`),
    [`kirim POST ${SUBSCRIPTIONS}/:id/secrets`]: notFound(({ id }) => `POST ${SUBSCRIPTIONS}/${id}/secrets`),
    [`kirim DELETE ${SUBSCRIPTIONS}/:id/secrets/:secret_id`]: notFound(
      ({ id, secretId }) => `DELETE ${SUBSCRIPTIONS}/${id}/secrets/${secretId}`,
    ),
    [`kirim POST ${SUBSCRIPTIONS}/:id/test`]: notFound(({ id }) => `POST ${SUBSCRIPTIONS}/${id}/test`),
    [`kirim POST ${SUBSCRIPTIONS}/:id/fetch`]: notFound(({ id }) => `POST ${SUBSCRIPTIONS}/${id}/fetch`),
    async [`kirim POST ${SUBSCRIPTIONS}/:id/results`]() {
      const { asStranger, house } = tenants();
      const { id, deliveryId } = await known();
      const body = { results: [{ delivery_id: deliveryId, status: 200, ms: 1 }] };
      expectKirimError(await asStranger(`POST ${SUBSCRIPTIONS}/${id}/results`, body), 'resource_not_found');
      const own = await asStranger(`POST ${SUBSCRIPTIONS}`, { url: null, events: ['*'] });
      const path = `${SUBSCRIPTIONS}/${own.body.data.id}`;
      const settled = await asStranger(`POST ${path}/results`, body);
      expect(settled.body.data).toEqual({ settled: 0 });
      expectStatus(await asStranger(`DELETE ${path}`), 200);
      await unchanged(house, await known());
    },
    [`kirim GET ${DELIVERIES}`]: async () => {
      const { id } = await known();
      for (const query of ['', `?subscription_id=${id}`, '?status=pending&event_type=webhook.test'])
        await empty(() => `${DELIVERIES}${query}`)();
    },
    [`kirim GET ${DELIVERIES}/:id`]: notFound(({ deliveryId }) => `GET ${DELIVERIES}/${deliveryId}`),
    [`kirim POST ${DELIVERIES}/:id/replay`]: notFound(
      ({ deliveryId }) => `POST ${DELIVERIES}/${deliveryId}/replay`,
    ),
    async [`kirim POST ${DELIVERIES}/bulk_replay`]() {
      const { id } = await known();
      const reply = await tenants().asStranger(`POST ${DELIVERIES}/bulk_replay`, { subscription_id: id });
      expectKirimError(reply, 'resource_not_found');
    },
  };
}

async function furnish(house: House): Promise<Owners> {
  const made = await house.request('POST', SUBSCRIPTIONS, {
    url: null,
    events: ['webhook.test'],
    description: 'Mine',
  });
  const { id, secrets } = made.body.data;
  expectStatus(await house.request('POST', `${SUBSCRIPTIONS}/${id}/test`), 200);
  const { data } = (await house.request('GET', `${DELIVERIES}?subscription_id=${id}`)).body;
  return { id, secretId: secrets[0].id, deliveryId: data[0].id };
}

async function unchanged(house: House, { id, secretId, deliveryId }: Owners): Promise<void> {
  const { data } = (await house.request('GET', `${SUBSCRIPTIONS}/${id}`)).body;
  expect(data).toMatchObject({ status: 'active', secrets: [{ id: secretId }] });
  const all = (await house.request('GET', `${DELIVERIES}?subscription_id=${id}`)).body;
  expect(all.data).toHaveLength(1);
  expect(all.data[0]).toMatchObject({ id: deliveryId, status: 'pending', attempts: 0 });
}
