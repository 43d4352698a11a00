// Who writes, what becomes of it in the simulator's world, and what cannot be asked for.
import { expect, test } from 'vitest';
import type { Sending } from '../control/phones.ts';
import { control, errorOf } from '../testing/client.ts';
import { envelope, FROM, PHONE, startInboundHouse } from '../testing/inbound-house.ts';

test('who writes: with a username and a parent id, by number alone, by user id alone', async () => {
  await using house = await startInboundHouse();
  const { simulator } = house;
  const text: Sending = { type: 'text', text: 'Halo' };
  const rest = '"timestamp":"1795161600","text":{"body":"Halo"},"type":"text"';
  simulator.control.createPhone({ phone: PHONE, username: '@siti', parent_user_id: 'ID.ENT.9' });
  expect(await house.bytesOf({ ...text, id: 'wamid.1' })).toBe(
    envelope(
      String.raw`"contacts":[{"profile":{"name":"Siti","username":"\u0040siti"},"wa_id":"628111111111","user_id":"ID.1111111111111111","parent_user_id":"ID.ENT.9"}],"messages":[{${FROM},"from_parent_user_id":"ID.ENT.9","id":"wamid.1",${rest}}]`,
    ),
  );
  simulator.control.createPhone({ phone: '628222222222', name: 'Budi', tells_user_id: false });
  expect(await house.bytesOf({ ...text, id: 'wamid.2' }, '+62 822 2222 222')).toBe(
    envelope(
      `"contacts":[{"profile":{"name":"Budi"},"wa_id":"628222222222"}],"messages":[{"from":"628222222222","id":"wamid.2",${rest}}]`,
    ),
  );
  simulator.control.createPhone({ user_id: 'PE.13491208655302741918', name: 'Ana', username: 'ana.lima' });
  expect(await house.bytesOf({ ...text, id: 'wamid.3' }, 'PE.13491208655302741918')).toBe(
    envelope(
      `"contacts":[{"profile":{"name":"Ana","username":"ana.lima"},"user_id":"PE.13491208655302741918"}],"messages":[{"from_user_id":"PE.13491208655302741918","id":"wamid.3",${rest}}]`,
    ),
  );
  const { id } = simulator.control.send('PE.13491208655302741918', { type: 'text', text: 'Lagi' });
  expect(Buffer.from(id.slice('wamid.'.length), 'base64').toString('latin1')).toContain(
    'PE.13491208655302741918',
  );
});

test('what WhatsApp tells of a customer becomes so', async () => {
  await using house = await startInboundHouse();
  const { simulator } = house;
  await house.bytesOf({
    type: 'system',
    system: { type: 'user_changed_number', wa_id: '628999999999', user_id: 'ID.7' },
  });
  expect(simulator.control.phone('628999999999')).toMatchObject({ name: 'Siti', user_id: 'ID.7' });
  await house.bytesOf({
    id: 'wamid.2',
    type: 'system',
    system: { type: 'user_changed_user_id', user_id: 'ID.8' },
  });
  expect(simulator.control.phone('ID.8')).toMatchObject({ phone: PHONE });
});

test('an edit and a revocation are of the latest message, unless one is named; neither opens the window', async () => {
  await using house = await startInboundHouse();
  const { simulator } = house;
  const window = (): unknown => simulator.control.phone(PHONE).window_open['106540352242922'];
  simulator.control.send(PHONE, { type: 'system', system: { type: 'customer_identity_changed' } });
  simulator.control.send(PHONE, { type: 'text', text: 'Halo', group: 'Y2FwaV9ncm91cA' });
  expect(window()).toBe(false);
  const { id } = simulator.control.send(PHONE, { type: 'text', text: 'Satu' });
  expect(window()).toBe(true);
  await simulator.control.advance({ by: '25h' });
  const edit = { message: { type: 'text', text: 'Dua' } };
  expect(simulator.control.send(PHONE, { type: 'edit', edit }).payload['edit']).toMatchObject({
    original_message_id: id,
  });
  const { payload } = simulator.control.send(PHONE, { type: 'revoke' });
  expect(payload['revoke']).toEqual({ original_message_id: id });
  expect(window()).toBe(false);
});

test('what cannot be sent is refused, with the field that is wrong', async () => {
  await using house = await startInboundHouse();
  const cases: [Sending, string][] = [
    [{ type: 'text', text: 7 }, 'text'],
    [{ type: 'text', text: 'x', colour: 'blue' }, 'colour'],
    [{ type: 'image', image: { mime_type: 'x\r\ny' } }, 'image.mime_type'],
    [{ type: 'location', location: { latitude: 91, longitude: 0 } }, 'location.latitude'],
    [{ type: 'contacts', contacts: [] }, 'contacts'],
    [{ type: 'contacts', contacts: [{ name: {} }] }, 'contacts.0.name.formatted_name'],
    [{ type: 'reaction', reaction: { emoji: 'x' } }, 'reaction.message_id'],
    [{ type: 'interactive', interactive: { type: 'smile' } }, 'type'],
    [{ type: 'nfm_reply', nfm_reply: {} }, 'nfm_reply.response_json'],
    [
      { type: 'call_permission_reply', call_permission_reply: { response: 'maybe' } },
      'call_permission_reply.response',
    ],
    [{ type: 'order', order: { catalog_id: '1', product_items: [] } }, 'order.product_items'],
    [{ type: 'system', system: { type: 'fire' } }, 'system.wa_id'],
    [{ type: 'edit', edit: { message: { type: 'order' } } }, 'edit.message.type'],
    [{ type: 'text', text: 'x', context: { forwarded: false } }, 'context.forwarded'],
    [{ type: 'text', text: 'x', referral: { source_url: 'x' } }, 'referral.source_id'],
    [{ type: 'text', text: 'x', at: 'noon' }, 'at'],
  ];
  for (const [asked, param] of cases) {
    const answer = await control(house.simulator, `POST /phones/${PHONE}/send`, asked);
    expect([asked, answer.status, errorOf(answer)['param']]).toEqual([asked, 400, param]);
  }
  const revoke = await control(house.simulator, `POST /phones/${PHONE}/send`, { type: 'revoke' });
  expect([revoke.status, errorOf(revoke)['param']]).toEqual([404, 'original_message_id']);
  const unknown = await control(house.simulator, 'POST /phones/ID.404/send', { type: 'text', text: 'x' });
  expect([unknown.status, errorOf(unknown)['param']]).toEqual([404, 'phone']);
  expect(house.receiver.heard).toEqual([]);
});
