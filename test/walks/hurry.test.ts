// A message in a hurry behind a slow one to the same recipient: order holds, and the slow one is taken along.
import { expect, test } from 'vitest';

import { startHouse, type House } from '../support/house.ts';

const CAMPAIGN = 150;
const PACE = 20;

function recipient(i: number): string {
  return `+628110000${String(i).padStart(4, '0')}`;
}

async function queueCampaign(house: House): Promise<void> {
  for (let i = 0; i < CAMPAIGN; i++) {
    const headers = { prefer: 'respond-async', 'kurir-priority': 'bulk' };
    expect((await house.sendText(recipient(i), `Kampanye ${i}`, headers)).body.data.status).toBe('queued');
  }
}

/** What came to Meta, oldest first. */
function arrivals(house: House): string[] {
  return house.simulator.control
    .messages({ direction: 'outbound' }, 1_000)
    .toSorted((a, b) => a.seq - b.seq)
    .map((one) => JSON.stringify(one.payload));
}

test.for([
  ['high, behind one campaign message', { 'kurir-priority': 'high', prefer: 'wait=10' }],
  ['waited for, behind one campaign message', { prefer: 'wait=10' }],
] as const)('%s, goes before the campaign, and after what was sent to its recipient', async ([, headers]) => {
  await using house = await startHouse({ pace: PACE, simulator: { windowEnforced: false } });
  await queueCampaign(house);
  // In the table only, far behind what is read ahead.
  const last = recipient(CAMPAIGN - 1);
  const sent = await house.sendText(last, 'Kode Anda 123456', headers);
  expect(['pending', 'sent']).toContain(sent.body.data.status);
  const came = arrivals(house);
  const campaign = came.findIndex((one) => one.includes(`Kampanye ${CAMPAIGN - 1}"`));
  const code = came.findIndex((one) => one.includes('Kode Anda'));
  expect(campaign).toBeGreaterThanOrEqual(0);
  expect(code).toBeGreaterThan(campaign);
  expect(came.length).toBeLessThan(CAMPAIGN);
});
