// Each kind of message through the whole house: by each dialect it reaches the simulator, which checks it by rules of its own, in exactly
// the shape of its golden file; what is added is our token alone, and the application's own tag stays with us.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { KIND_NAMES, KINDS, type KindName } from '../../src/meta/kinds/index.ts';
import { expectStatus } from '../support/expect-reply.ts';
import { GRAPH_TOKEN, PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';

const CUSTOMER = '+628111111111';
const TAG = 'order 4711 of the application';

// The template of the golden file, as Meta has approved it.
const orderConfirmation = {
  name: 'order_confirmation',
  language: 'id_ID',
  status: 'APPROVED' as const,
  category: 'UTILITY' as const,
  components: [
    { type: 'HEADER', format: 'IMAGE' },
    { type: 'BODY', text: 'Halo {{1}}, pesanan senilai {{2}} sudah kami terima.' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'URL', text: 'Lacak', url: 'https://shop.example.com/orders/{{1}}' },
        { type: 'QUICK_REPLY', text: 'Bantuan' },
      ],
    },
  ],
};
const reengagement = {
  name: 'reengagement',
  language: 'id_ID',
  status: 'APPROVED' as const,
  category: 'MARKETING' as const,
  components: [{ type: 'BODY', text: 'Sudah lama tidak bertemu!' }],
};

let house: House;
beforeAll(async () => {
  const { message_id: reactedTo } = part(fromFile('reaction'), 'reaction');
  const wroteWamid = typeof reactedTo === 'string' ? reactedTo : '';
  const wrote = { phone: CUSTOMER, wroteMsAgo: 60_000, wroteWamid };
  house = await startHouse({
    simulator: {
      templates: [orderConfirmation, reengagement],
      phones: [wrote],
      windowEnforced: false,
      statusDelaysMs: { sent: 1e9, delivered: 1e9, read: 1e9 },
    },
  });
  // Its window is known to be open: a send is answered on Meta's 200.
  await until('what the customer wrote', async () => {
    const found = await house.request('GET', '/v1/messages?direction=inbound');
    return found.body.data.length === 1;
  });
  uploads.set('audio', await upload('audio/ogg'));
  uploads.set('sticker', await upload('image/webp'));
});
afterAll(() => house[Symbol.asyncDispose]());

// Files have the ids that Meta gave them at their upload: these stand in for those of the golden files.
const uploads = new Map<KindName, string>();

async function upload(type: string): Promise<string> {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('file', new Blob(['a file of the tests'], { type }), 'file');
  const response = await fetch(`${house.simulator.url}/v24.0/${PHONE_NUMBER_ID}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${GRAPH_TOKEN}` },
    body: form,
  });
  const { id }: { id: string } = JSON.parse(await response.text());
  return id;
}

function fromFile(kind: KindName): JsonObject {
  const json: unknown = JSON.parse(readFileSync(new URL(`kinds/${kind}.json`, import.meta.url), 'utf8'));
  return isObject(json) ? json : {};
}

function golden(kind: KindName): JsonObject {
  return withUpload(kind, fromFile(kind));
}

function example(kind: KindName): JsonObject {
  return withUpload(kind, KINDS[kind].example);
}

function withUpload(kind: KindName, body: JsonObject): JsonObject {
  const id = uploads.get(kind);
  return id === undefined ? body : { ...body, [kind]: { ...part(body, kind), id } };
}

function part(body: JsonObject, name: string): JsonObject {
  const found = body[name];
  return isObject(found) ? found : {};
}

interface Door {
  name: string;
  path: string;
  /** The wamid in the answer, and our own id. */
  ids(reply: Reply): { wamid: string; id: string };
}

const DOORS: Door[] = [
  {
    name: 'kirim',
    path: `/v1/${PHONE_NUMBER_ID}/messages`,
    ids: ({ body }) => ({ wamid: body.data.message_id, id: body.data.id }),
  },
  {
    name: 'graph',
    path: `/v24.0/${PHONE_NUMBER_ID}/messages`,
    ids: ({ body, headers }) => ({
      wamid: body['messages'][0].id,
      id: headers.get('x-kurir-message-id') ?? '',
    }),
  },
  {
    name: 'kapso',
    path: `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/messages`,
    ids: ({ body, headers }) => ({
      wamid: body['messages'][0].id,
      id: headers.get('x-kurir-message-id') ?? '',
    }),
  },
];

/** What the simulator has of a message that was taken, its token taken out and looked at. */
function received(door: Door, reply: Reply): JsonObject {
  const { wamid, id } = door.ids(reply);
  const [message] = house.simulator.control.messages({ id: wamid });
  const { biz_opaque_callback_data: token, ...said } = message?.payload ?? {};
  expect(token).toMatch(new RegExp(String.raw`^k1\.${id}\.1\.[\w-]+$`));
  return said;
}

describe.each(DOORS)('by the $name dialect', (door) => {
  test.each(KIND_NAMES)('%s reaches Meta as in its golden file', async (kind) => {
    const reply = await house.request('POST', door.path, example(kind));
    expectStatus(reply, 200);
    expect(received(door, reply)).toEqual(golden(kind));
    const shown = await house.request('GET', `/v1/messages/${door.ids(reply).id}`);
    expect(shown.body.data).toMatchObject({
      type: KINDS[kind].type,
      to: CUSTOMER,
      [KINDS[kind].type]: golden(kind)[KINDS[kind].type],
    });
  });

  test.each(KIND_NAMES)('%s keeps the application’s tag to itself and shows it', async (kind) => {
    const tagged = { ...example(kind), biz_opaque_callback_data: TAG };
    const reply = await house.request('POST', door.path, tagged);
    expectStatus(reply, 200);
    expect(received(door, reply)).toEqual(golden(kind));
    const shown = await house.request('GET', `/v1/messages/${door.ids(reply).id}`);
    expect(shown.body.data.biz_opaque_callback_data).toBe(TAG);
  });

  test('an answer quotes the message it is for', async () => {
    const { id } = house.simulator.control.send(CUSTOMER, { type: 'text', text: 'Apa kabar?' });
    const body = { ...example('text'), context: { message_id: id } };
    const reply = await house.request('POST', door.path, body);
    expectStatus(reply, 200);
    expect(received(door, reply)).toEqual({ ...golden('text'), context: { message_id: id } });
  });
});

describe('Kirim’s own spellings', () => {
  const [kirim] = DOORS;
  if (!kirim) throw new Error('There is no kirim door.');

  test('reply_buttons is Meta’s button', async () => {
    const button = example('interactive.button');
    const body = { ...button, interactive: { ...part(button, 'interactive'), type: 'reply_buttons' } };
    const reply = await house.request('POST', kirim.path, body);
    expectStatus(reply, 200);
    expect(received(kirim, reply)).toEqual(golden('interactive.button'));
    expect(reply.body.data.type).toBe('interactive');
  });

  test.each(['id_ID', { code: 'id_ID' }])('the template language %j is Meta’s object', async (language) => {
    const template = { name: 'reengagement', language };
    const body = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'template', template };
    const reply = await house.request('POST', kirim.path, body);
    expectStatus(reply, 200);
    expect(received(kirim, reply)).toEqual({
      ...body,
      template: { ...template, language: { code: 'id_ID' } },
    });
  });

  test('a policy beside the language’s code is handed on', async () => {
    const template = { name: 'reengagement', language: { code: 'id_ID', policy: 'deterministic' } };
    const body = { messaging_product: 'whatsapp', to: CUSTOMER, type: 'template', template };
    const reply = await house.request('POST', kirim.path, body);
    expectStatus(reply, 200);
    expect(received(kirim, reply)).toEqual(body);
  });

  test.each(['image', 'document', 'video', 'audio'] as const)(
    'the flat form’s url is the link of %s',
    async (kind) => {
      const url = 'https://cdn.example.com/file';
      const { id: _id, link: _link, ...rest } = part(golden(kind), kind);
      const flat = { to: CUSTOMER, type: kind, [kind]: { url, ...rest } };
      const reply = await house.request('POST', '/v1/messages', flat);
      expectStatus(reply, 202);
      const meta = { to: CUSTOMER, type: kind, [kind]: { link: url, ...rest } };
      expect(received(kirim, reply)).toEqual({ messaging_product: 'whatsapp', ...meta });
    },
  );
});
