// The main walk: a send is accepted, reaches Meta, and its statuses come back.
import { expect, test } from 'vitest';

import { PHONE_NUMBER_ID, startHouse, until } from '../support/house.ts';

test('a text goes pending → sent → delivered, and GET shows it', async () => {
  await using house = await startHouse();
  const sent = await house.sendText('+12025550120', 'Halo dari Kirim', { prefer: 'wait=5' });
  expect(sent.status, sent.text).toBe(200);
  expect(sent.body.data).toMatchObject({ object: 'message', to: '+12025550120', type: 'text' });
  const id: string = sent.body.data.id;
  const shown = await until('a status', async () => {
    const got = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages/${id}`);
    return ['delivered', 'read', 'failed'].includes(got.body.data.status) && got;
  });
  expect(shown.body.data.message_id).toMatch(/^wamid\./);
  expect(house.simulator.control.messages({ to: '12025550120' })).toHaveLength(1);
});
