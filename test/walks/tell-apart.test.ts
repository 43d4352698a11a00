// One POST of Meta's may hold changes of several organisations, of numbers that nobody has, and changes that cannot be read: each is told
// its own, and only that, in every dialect.
import { expect, test } from 'vitest';

import type { OrganisationId } from '../../src/kernel/ids.ts';
import { WEBHOOK_DIALECTS } from '../../src/webhooks/telling.ts';
import { startHook } from '../support/hook.ts';
import { startHouse, until } from '../support/house.ts';
import { envelope, inboundText, postWebhook } from '../support/signed-webhooks.ts';
import { LOOPBACK, subscribe } from '../support/subscriber.ts';

const OURS = { from: '12025550171', text: 'secret of ours', wamid: 'wamid.ours' };
const THEIRS = { from: '12025550172', text: 'secret of theirs', wamid: 'wamid.theirs' };
const STRANGE = { from: '12025550173', text: 'secret of strangers', wamid: 'wamid.strange' };
const THEIR_NUMBER = '106540352242999';
const STRANGE_NUMBER = '999999999999999';

test('a batch that mixes two organisations, an unknown number and a bad change tells each only its own', async () => {
  await using house = await startHouse({ config: LOOPBACK });
  await using ours = await startHook();
  await using theirs = await startHook();
  const other = await house.addOrganisation('Teh Tarik');
  await house.addNumber({
    phoneNumberId: THEIR_NUMBER,
    phone: '628511760008099',
    organisationId: other.organisationId,
  });
  // A start reads all numbers.
  await house.restart();
  for (const dialect of WEBHOOK_DIALECTS) {
    await subscribe(house, { url: `${ours.url}/${dialect}`, dialect, events: ['*'] });
    const organisationId = other.organisationId as OrganisationId;
    await subscribe(house, { url: `${theirs.url}/${dialect}`, dialect, events: ['*'], organisationId });
  }
  const said = (who: typeof OURS) => ({ messages: [inboundText(who.from, who.wamid, who.text)] });
  const parts = [
    envelope([said(OURS)]),
    envelope([{ messages: 'no list' }]),
    envelope([said(STRANGE)], { phoneNumberId: STRANGE_NUMBER }),
    envelope([{ messages: [null, 7, { id: 7 }], statuses: {} }], { phoneNumberId: THEIR_NUMBER }),
    envelope([said(THEIRS)], { phoneNumberId: THEIR_NUMBER }),
  ];
  const body = {
    object: 'whatsapp_business_account',
    entry: parts.flatMap((part) => part['entry'] as never),
  };
  expect((await postWebhook(house, body)).status).toBe(200);
  const enough = (heard: { body: string }[], text: string) =>
    heard.filter((one) => one.body.includes(text)).length >= 4;
  await until(
    'each in each dialect',
    async () => enough(ours.heard, OURS.text) && enough(theirs.heard, THEIRS.text),
  );
  await house.gateway.close();
  const all = (heard: readonly object[]) => JSON.stringify(heard);
  for (const foreign of [
    ...Object.values(THEIRS),
    THEIR_NUMBER,
    other.organisationId,
    ...Object.values(STRANGE),
    STRANGE_NUMBER,
  ])
    expect(all(ours.heard)).not.toContain(foreign);
  for (const foreign of [
    ...Object.values(OURS),
    '106540352242922',
    house.organisationId,
    ...Object.values(STRANGE),
    STRANGE_NUMBER,
  ])
    expect(all(theirs.heard)).not.toContain(foreign);
});
