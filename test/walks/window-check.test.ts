// A number that checks windows refuses at once what Meta would fail later, in each dialect's words, and nothing else.
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { OrganisationId } from '../../src/kernel/ids.ts';
import { setNumber } from '../../src/organisations/numbers.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { customerWrites } from '../support/meta-webhook.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';

const MESSAGES = `/v1/${PHONE_NUMBER_ID}/messages`;
const CHECKED = '306540352242924';

let meta: MetaByHand;
let house: House;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url, sendWaitMs: 200 } });
  await house.addNumber({ phoneNumberId: CHECKED, phone: '628511760008031' });
  for (const phoneNumberId of [PHONE_NUMBER_ID, CHECKED]) {
    const organisationId = house.organisationId as OrganisationId;
    await setNumber(house.ctx, { organisationId, phoneNumberId, windowCheck: true });
  }
  await until('the gateway to know', async () => (await house.sendText('+12025550199')).status === 422);
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

const text = (to: object): object => ({
  messaging_product: 'whatsapp',
  type: 'text',
  text: { body: 'Halo' },
  ...to,
});
const template = { name: 'order_confirmation', language: { code: 'id' } };
const post = (body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  house.request('POST', MESSAGES, body, headers);

async function wroteHoursAgo(from: string, hours: number): Promise<void> {
  const seconds = Math.floor(Date.now() / 1_000 - hours * 3_600);
  await customerWrites(house, { from, timestamp: String(seconds) });
}

test('who never wrote, or more than 24 hours ago, gets templates only; Meta is not asked, and nothing is stored', async () => {
  await wroteHoursAgo('12025550102', 24.1);
  for (const to of ['12025550101', '12025550102']) {
    expectKirimError(await house.sendText(`+${to}`), 'outside_24h_window', 'to');
    const flat = { to: `+${to}`, from: '+628511760008029', type: 'text', text: { body: 'Halo' } };
    expectKirimError(await house.request('POST', '/v1/messages', flat), 'outside_24h_window', 'to');
    expect(meta.callsTo(to)).toEqual([]);
    const listed = await house.request('GET', `/v1/messages?to=${to}&direction=outbound`);
    expect(listed.body.data).toEqual([]);
    const sent = await post({ messaging_product: 'whatsapp', to, type: 'template', template });
    expectStatus(sent, 200);
    expect(meta.callsTo(to)).toHaveLength(1);
  }
});

test('who wrote within 24 hours gets anything, by each name', async () => {
  await wroteHoursAgo('12025550103', 23.9);
  expectStatus(await house.sendText('+12025550103'), 200);
  await customerWrites(house, { from: '', from_user_id: 'US.104' });
  expectStatus(await post(text({ recipient: 'US.104' })), 200);
  await customerWrites(house, { from: '12025550104', from_user_id: 'US.104' });
  expectStatus(await house.sendText('+12025550104'), 200);
  await customerWrites(house, { from: '12025550105', from_user_id: 'US.105' });
  expectStatus(await post(text({ recipient: 'US.105' })), 200);
});

test('a window is one of a number', async () => {
  await customerWrites(house, { from: '12025550106' });
  const other = await house.request('POST', `/v1/${CHECKED}/messages`, text({ to: '12025550106' }));
  expectKirimError(other, 'outside_24h_window', 'to');
});

test.each(['/v24.0', '/meta/whatsapp/v24.0'])('%s says it as Meta does, at once', async (prefix) => {
  const path = `${prefix}/${PHONE_NUMBER_ID}/messages`;
  const refused = await house.request('POST', path, text({ to: '12025550107' }));
  expectGraphError(refused, { status: 400, code: 131047, type: 'OAuthException' });
  expect(meta.callsTo('12025550107')).toEqual([]);
  const category = { to: '12025550108', category: 'utility' };
  expectStatus(await house.request('POST', path, text(category)), 200);
});

test('a group has no window', async () => {
  const sent = await post(text({ recipient_type: 'group', to: 'Y2FwaV9ncm91cDo' }));
  expectStatus(sent, 200);
});

test('a repeat with its key is answered as the first call was, however late', async () => {
  await customerWrites(house, { from: '12025550109' });
  const key = { 'idempotency-key': 'in-time' };
  const first = await post(text({ to: '12025550109' }), key);
  expectStatus(first, 200);
  await house.ctx.db.query(
    `update conversations set last_inbound_at = now() - interval '25 hours' where conversation = '12025550109'`,
  );
  const again = await post(text({ to: '12025550109' }), key);
  expect([again.status, again.body.data.id]).toEqual([200, first.body.data.id]);
  expectKirimError(await post(text({ to: '12025550109' })), 'outside_24h_window', 'to');
});
