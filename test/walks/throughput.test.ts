// The pace of a number is what Meta gives it, read by the gateway itself, unless a person set another.
import { expect, test } from 'vitest';

import type { OrganisationId } from '../../src/kernel/ids.ts';
import { listNumbers, setNumber } from '../../src/organisations/numbers.ts';
import { PHONE_NUMBER_ID, startHouse, until } from '../support/house.ts';

const BY_HAND = { phoneNumberId: '106540352242923', phone: '628511760008030' };

test('a number that follows Meta gets the pace of its level; one that was set by hand keeps its own', async () => {
  await using house = await startHouse({ simulator: { throughputPerSecond: 1_000 }, pace: 7 });
  house.simulator.control.putNumber(BY_HAND.phoneNumberId, { display_phone_number: `+${BY_HAND.phone}` });
  await house.addNumber(BY_HAND);
  await house.restart();
  const organisationId = house.organisationId as OrganisationId;
  const paces = async (): Promise<Map<string, number | null>> =>
    new Map((await listNumbers(house.ctx, organisationId)).map((one) => [one.phoneNumberId, one.pace]));
  await setNumber(house.ctx, { organisationId, phoneNumberId: PHONE_NUMBER_ID, pace: 'auto' });
  expect((await paces()).get(PHONE_NUMBER_ID)).toBe(80);
  await until('Meta was asked', async () => (await paces()).get(PHONE_NUMBER_ID) === 1_000, 30_000);
  expect((await paces()).get(BY_HAND.phoneNumberId)).toBe(7);
  // What Meta says does not count where somebody knows better.
  await setNumber(house.ctx, { organisationId, phoneNumberId: PHONE_NUMBER_ID, pace: 30 });
  await setNumber(house.ctx, { organisationId, phoneNumberId: PHONE_NUMBER_ID, throughput: 1_000 });
  expect((await paces()).get(PHONE_NUMBER_ID)).toBe(30);
}, 60_000);
