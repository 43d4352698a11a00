// What becomes of messages as time goes by and customers do what they do; time is turned by hand.
import { expect, test } from 'vitest';
import type { JsonObject } from '../src/kernel/json.ts';
import type { SimulatorSettings } from './settings.ts';
import { startSimulator, type Simulator } from './simulator.ts';
import { errorOf, NUMBER, send, sendText, wamidOf } from './testing/client.ts';
import { startReceiver, type Receiver } from './testing/receiver.ts';

interface House extends AsyncDisposable {
  receiver: Receiver;
  simulator: Simulator;
  /** The statuses told for a message. */
  told(wamid: string): JsonObject[];
}

async function startHouse(settings: SimulatorSettings = {}): Promise<House> {
  const receiver = await startReceiver();
  const simulator = await startSimulator({
    callbackUrl: receiver.url,
    statusDelaysMs: { sent: 500, delivered: 1000, read: 2000 },
    ...settings,
  });
  simulator.control.setClock({ mode: 'frozen' });
  return {
    receiver,
    simulator,
    told: (wamid) => receiver.statuses().filter((one) => one['id'] === wamid),
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

function kinds(statuses: JsonObject[]): unknown[] {
  return statuses.map((one) => one['status']);
}

test('statuses come after their delays, stamped with the simulator’s time', async () => {
  await using house = await startHouse({
    windowEnforced: false,
    phones: [{ phone: '628111111111', autoRead: true }],
  });
  const { simulator } = house;
  const start = Date.parse(simulator.control.clock().now);
  const wamid = wamidOf(await sendText(simulator));
  await simulator.control.advance({ by: '499ms' });
  expect(house.told(wamid)).toEqual([]);
  await simulator.control.advance({ by: 1 });
  expect(kinds(house.told(wamid))).toEqual(['sent']);
  await simulator.control.advance({ by: '1h' });
  expect(kinds(house.told(wamid))).toEqual(['sent', 'delivered', 'read']);
  const stamps = house.told(wamid).map((one) => Number(one['timestamp']));
  expect(stamps).toEqual([500, 1500, 3500].map((ms) => Math.floor((start + ms) / 1000)));
});

test('the window opens when the customer writes, and closes 24 hours later', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  const before = wamidOf(await sendText(simulator));
  simulator.control.send('628111111111', { type: 'text', text: 'Halo' });
  const open = wamidOf(await sendText(simulator));
  await simulator.control.advance({ by: '23h' });
  const late = wamidOf(await sendText(simulator));
  await simulator.control.advance({ by: '1h' });
  const closed = wamidOf(await sendText(simulator));
  await simulator.control.advance({ by: '1m' });
  expect([open, late].map((wamid) => kinds(house.told(wamid)))).toEqual([
    ['sent', 'delivered'],
    ['sent', 'delivered'],
  ]);
  for (const wamid of [before, closed]) {
    const [failed] = house.told(wamid);
    expect(failed).toMatchObject({ status: 'failed', recipient_id: '628111111111' });
    expect(failed).not.toHaveProperty('pricing');
    expect(failed?.['errors']).toEqual([
      {
        code: 131047,
        title: 'Re-engagement message',
        message: 'Re-engagement message',
        error_data: {
          details:
            'Message failed to send because more than 24 hours have passed since the customer last replied to this number.',
        },
        href: '/documentation/business-messaging/whatsapp/support/error-codes',
      },
    ]);
  }
  const webhook = house.receiver.heard.find((one) => one.body.includes(String.raw`"status":"failed"`));
  expect(webhook?.value).not.toHaveProperty('contacts');
});

test('offline keeps a message at sent, a block too; online and unblocked, it goes on', async () => {
  await using house = await startHouse({ windowEnforced: false });
  const { control } = house.simulator;
  control.setOnline('628111111111', false);
  control.setBlocked('628222222222', true);
  const offline = wamidOf(await sendText(house.simulator, '628111111111'));
  const blocked = wamidOf(await sendText(house.simulator, '628222222222'));
  await control.advance({ by: '7d' });
  expect([offline, blocked].map((wamid) => kinds(house.told(wamid)))).toEqual([['sent'], ['sent']]);
  control.setOnline('628111111111', true);
  control.setBlocked('628222222222', false);
  await control.advance({ by: '1m' });
  expect([offline, blocked].map((wamid) => kinds(house.told(wamid)))).toEqual([
    ['sent', 'delivered'],
    ['sent', 'delivered'],
  ]);
});

test('the customer reads, reacts, taps and chooses', async () => {
  await using house = await startHouse({ windowEnforced: false });
  const { simulator, receiver } = house;
  const { control } = simulator;
  const button = { type: 'reply', reply: { id: 'yes', title: 'Ya' } };
  const buttons = await send(simulator, {
    type: 'interactive',
    interactive: { type: 'button', body: { text: 'Mau?' }, action: { buttons: [button] } },
  });
  const list = await send(simulator, {
    type: 'interactive',
    interactive: {
      type: 'list',
      body: { text: 'Pilih' },
      action: { button: 'Lihat', sections: [{ rows: [{ id: 'tea', title: 'Teh', description: 'Panas' }] }] },
    },
  });
  await control.advance({ by: '10s' });
  expect(control.read('628111111111')).toHaveLength(2);
  control.tap('628111111111', { button: 'Ya' });
  control.tap('628111111111', { row: 'tea' });
  control.react('628111111111', { message: wamidOf(list), emoji: '👍' });
  control.react('628111111111', { message: wamidOf(list) });
  await control.settled();
  expect(kinds(house.told(wamidOf(buttons)))).toEqual(['sent', 'delivered', 'read']);
  const common = {
    from: '628111111111',
    id: expect.stringMatching(/^wamid\./),
    timestamp: expect.any(String),
  };
  expect(receiver.messages()).toMatchObject([
    {
      ...common,
      context: { from: '628511760008029', id: wamidOf(buttons) },
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id: 'yes', title: 'Ya' } },
    },
    {
      context: { id: wamidOf(list) },
      interactive: { type: 'list_reply', list_reply: { id: 'tea', title: 'Teh', description: 'Panas' } },
    },
    { type: 'reaction', reaction: { message_id: wamidOf(list), emoji: '👍' } },
    { type: 'reaction', reaction: { message_id: wamidOf(list) } },
  ]);
  expect(receiver.messages()[3]?.['reaction']).not.toHaveProperty('emoji');
  expect(() => control.tap('628111111111', { button: 'Tidak' })).toThrow(
    'No message has anything of that name',
  );
});

test('a tap on a template’s quick reply sends its payload, or its text', async () => {
  const components = [
    { type: 'BODY', text: 'Halo' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Ya' },
        { type: 'QUICK_REPLY', text: 'Tidak' },
      ],
    },
  ];
  await using house = await startHouse({
    templates: [{ name: 'ask', language: 'id_ID', status: 'APPROVED', category: 'UTILITY', components }],
  });
  const payload = {
    type: 'button',
    sub_type: 'quick_reply',
    index: 1,
    parameters: [{ type: 'payload', payload: 'NO' }],
  };
  await send(house.simulator, {
    type: 'template',
    template: { name: 'ask', language: { code: 'id_ID' }, components: [payload] },
  });
  house.simulator.control.tap('628111111111', { button: 'Ya' });
  house.simulator.control.tap('628111111111', { button: 'Tidak' });
  await house.simulator.control.settled();
  expect(house.receiver.messages()).toMatchObject([
    { type: 'button', button: { payload: 'Ya', text: 'Ya' } },
    { type: 'button', button: { payload: 'NO', text: 'Tidak' } },
  ]);
});

test('a customer with a username is told by user id alone', async () => {
  await using house = await startHouse({ windowEnforced: false });
  const { control } = house.simulator;
  const { user_id } = control.createPhone({
    phone: '628111111111',
    name: 'Siti Aminah',
    username_user: true,
  });
  control.send('628111111111', { type: 'text', text: 'Halo' });
  await sendText(house.simulator);
  await control.advance({ by: '10s' });
  expect(house.receiver.messages()[0]).toMatchObject({ from_user_id: user_id });
  expect(house.receiver.messages()[0]).not.toHaveProperty('from');
  for (const status of house.receiver.statuses()) {
    expect(status).toMatchObject({ recipient_user_id: user_id });
    expect(status).not.toHaveProperty('recipient_id');
  }
  expect(house.receiver.heard[2]?.value['contacts']).toEqual([
    { profile: { name: 'Siti Aminah', username: 'siti_aminah' }, user_id },
  ]);
});

test('opting out fails marketing, and is told', async () => {
  const components = [{ type: 'BODY', text: 'Diskon' }];
  await using house = await startHouse({
    templates: [{ name: 'sale', language: 'id_ID', status: 'APPROVED', category: 'MARKETING', components }],
  });
  const { control } = house.simulator;
  control.setOptedOut('628111111111', true);
  const wamid = wamidOf(
    await send(house.simulator, {
      type: 'template',
      template: { name: 'sale', language: { code: 'id_ID' } },
    }),
  );
  await control.advance({ by: '10s' });
  expect(house.told(wamid)).toMatchObject([{ status: 'failed', errors: [{ code: 131050 }] }]);
  expect(house.receiver.heard[0]?.value).toMatchObject({
    user_preferences: [{ wa_id: '628111111111', category: 'marketing_messages', value: 'stop' }],
  });
});

test('reactions are only sent, and fail for what cannot be reacted to', async () => {
  await using house = await startHouse({ windowEnforced: false });
  const { control } = house.simulator;
  const { id } = control.send('628111111111', { type: 'text', text: 'Halo' });
  const react = (message_id: string): ReturnType<typeof send> =>
    send(house.simulator, { type: 'reaction', reaction: { message_id, emoji: '👍' } });
  const good = wamidOf(await react(id));
  const unknown = wamidOf(await react('wamid.HBgMNjI4MTExMTExMTExFQIAERgS'));
  await control.advance({ by: '10s' });
  expect(kinds(house.told(good))).toEqual(['sent']);
  expect(house.told(unknown)).toMatchObject([{ status: 'failed', errors: [{ code: 131009 }] }]);
});

test('a number sends 80 a second, a pair 45 at once and then one in six seconds', async () => {
  await using house = await startHouse({ windowEnforced: false });
  const { simulator } = house;
  const codes = async (to: (i: number) => string, count: number): Promise<unknown[]> => {
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => sendText(simulator, to(i))));
    return answers.filter((one) => one.status !== 200).map((one) => errorOf(one)['code']);
  };
  expect(await codes((i) => `62811000${1000 + i}`, 85)).toEqual(Array.from({ length: 5 }, () => 130429));
  await simulator.control.advance({ by: '1s' });
  expect(await codes(() => '628122222222', 47)).toEqual([131056, 131056]);
  await simulator.control.advance({ by: '6s' });
  expect(await codes(() => '628122222222', 2)).toEqual([131056]);
});

test('the limits can be switched off, and told as 429', async () => {
  await using house = await startHouse({
    windowEnforced: false,
    throughputPerSecond: 1,
    throttleStatus: 429,
    pairLimit: null,
  });
  await sendText(house.simulator);
  const limited = await sendText(house.simulator);
  expect(limited.status).toBe(429);
  expect(errorOf(limited)).toMatchObject({
    message: '(#130429) Rate limit hit',
    error_data: { details: 'Cloud API message throughput has been reached.' },
  });
  house.simulator.control.putNumber(NUMBER, { throughput_per_second: null });
  const answers = await Promise.all(Array.from({ length: 200 }, () => sendText(house.simulator)));
  expect(answers.every((one) => one.status === 200)).toBe(true);
});

const FATES: { [last: string]: unknown[] } = {
  '0101': ['sent', 'delivered', 'read'],
  '0102': ['sent', 'delivered'],
  '0103': ['sent', 'delivered'],
  '0104': [131026],
  '0105': ['sent'],
  '0106': [131047],
  '0109': ['sent', 'delivered'],
  '0111': ['sent', 131026, 'delivered'],
  '0112': ['sent', 'sent', 'sent', 'delivered', 'delivered', 'delivered'],
  '0113': ['delivered', 'sent'],
  '0118': ['sent'],
};

test.each(Object.entries(FATES))('the magic number +1 202 555 %s', async (last, fate) => {
  await using house = await startHouse();
  const wamid = wamidOf(await sendText(house.simulator, `+1202555${last}`));
  await house.simulator.control.advance({ by: '1m' });
  if (last === '0103') expect(kinds(house.told(wamid))).toEqual(['sent']);
  await house.simulator.control.advance({ by: '2h' });
  const told = house.told(wamid).map((one) => {
    const [error] = Array.isArray(one['errors']) ? one['errors'] : [];
    return error ? (error as { code: number }).code : one['status'];
  });
  expect(told).toEqual(fate);
});

test('magic numbers that refuse, and those that answer', async () => {
  await using house = await startHouse();
  const { simulator } = house;
  expect(errorOf(await sendText(simulator, '+12025550110'))).toMatchObject({ code: 131056 });
  const once = await sendText(simulator, '+12025550117');
  expect(once.status).toBe(500);
  expect(errorOf(once)).toMatchObject({ code: 131000 });
  expect((await sendText(simulator, '+12025550117')).status).toBe(200);
  const image = await send(simulator, {
    to: '+12025550109',
    type: 'image',
    image: { link: 'https://cdn.example.com/a.png' },
  });
  const buttons = [1, 2].map((i) => ({ type: 'reply', reply: { id: `b${i}`, title: `B${i}` } }));
  const rows = [1, 2].map((i) => ({ id: `r${i}`, title: `R${i}` }));
  const body = { text: 'x' };
  await sendText(simulator, '+12025550114');
  await send(simulator, {
    to: '+12025550115',
    type: 'interactive',
    interactive: { type: 'button', body, action: { buttons } },
  });
  await send(simulator, {
    to: '+12025550116',
    type: 'interactive',
    interactive: { type: 'list', body, action: { button: 'x', sections: [{ rows }] } },
  });
  await simulator.control.advance({ by: '1m' });
  expect(house.told(wamidOf(image))).toMatchObject([{ status: 'failed', errors: [{ code: 131053 }] }]);
  expect(house.receiver.messages()).toMatchObject([
    { from: '12025550114', text: { body: 'STOP' } },
    { from: '12025550115', interactive: { button_reply: { id: 'b1' } } },
    { from: '12025550116', interactive: { list_reply: { id: 'r2' } } },
  ]);
});

test('magic numbers for marketing', async () => {
  const components = [{ type: 'BODY', text: 'Diskon' }];
  await using house = await startHouse({
    templates: [{ name: 'sale', language: 'id_ID', status: 'APPROVED', category: 'MARKETING', components }],
  });
  for (const [to, code] of [
    ['+12025550107', 131049],
    ['+12025550108', 131050],
  ] as const) {
    const wamid = wamidOf(
      await send(house.simulator, {
        to,
        type: 'template',
        template: { name: 'sale', language: { code: 'id_ID' } },
      }),
    );
    await house.simulator.control.advance({ by: '10s' });
    expect(house.told(wamid)).toMatchObject([{ errors: [{ code }] }]);
  }
});
