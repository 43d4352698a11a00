// Files that are to be sent: taken as forms in every dialect, judged as Meta does, kept, uploaded once and again before Meta forgets them.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  BUSINESS_PHONE,
  PHONE_NUMBER_ID,
  startHouse,
  until,
  type House,
  type Reply,
} from '../support/house.ts';
import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { postForm, type Posted } from '../support/form.ts';
import { messageEnvelope, postWebhook } from '../support/signed-webhooks.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const CUSTOMER = '628111222333';

let house: House;

beforeAll(async () => {
  house = await startHouse();
  // Within their window.
  house.simulator.control.createPhone({ phone: CUSTOMER, window: 'open' });
});

afterAll(() => house[Symbol.asyncDispose]());

/** An image that nobody has uploaded before. */
function newImage(size = 200): Buffer<ArrayBuffer> {
  return Buffer.concat([PNG, randomBytes(size)]);
}

const KIRIM = `/v1/${PHONE_NUMBER_ID}/media`;
const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/media`;
const KAPSO = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/media`;

function post(about: Partial<Posted> = {}): Promise<Reply> {
  return postForm(house, { path: KIRIM, bytes: newImage(), ...about });
}

/** How often Meta was given a file. */
function uploadsAtMeta(): Promise<number> {
  return house.ctx.db
    .query<{ n: number }>('select count(*)::int as n from media_uploads')
    .then(([row]) => row?.n ?? 0);
}

async function sendImage(id: string, path = `/v1/${PHONE_NUMBER_ID}/messages`): Promise<Reply> {
  const message = { messaging_product: 'whatsapp', to: `+${CUSTOMER}`, type: 'image', image: { id } };
  return house.request('POST', path, message);
}

/** What Meta was told as the id of the image of the latest message. */
async function idToldToMeta(reply: Reply): Promise<string> {
  const wamid = reply.body.data?.message_id ?? reply.body['messages'][0].id;
  const listed = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid)}`);
  return listed.body.data[0].image.id;
}

test('below /v1 the id is ours, and can be sent', async () => {
  const bytes = newImage();
  const reply = await post({ bytes, fieldsLast: true });
  expectStatus(reply, 200);
  expect(reply.body.data).toMatchObject({
    id: expect.stringMatching(/^med_[0-9A-Z]{26}$/),
    object: 'media',
    mime_type: 'image/png',
    file_size: bytes.length,
    filename: 'gambar.png',
  });
  const sent = await sendImage(reply.body.data.id);
  expectStatus(sent, 200);
  expect(sent.body.data.status).not.toBe('failed');
  expect(await idToldToMeta(sent)).toBe(reply.body.data.meta_media_id);
  const shown = await fetch(`${house.gateway.url}/v1/messages/${sent.body.data.id}/media`, {
    headers: { authorization: `Bearer ${house.apiKey}` },
  });
  expect(Buffer.from(await shown.arrayBuffer()).equals(bytes)).toBe(true);
});

test.each([
  ['graph', GRAPH, {}],
  ['kapso', KAPSO, { type: 'image' }],
])(
  'in Meta’s shape (%s) the id is Meta’s, tells where the bytes are, and can be sent',
  async (name, path, fields) => {
    const bytes = newImage();
    const reply = await post({ path, bytes, fields: { messaging_product: 'whatsapp', ...fields } });
    expectStatus(reply, 200);
    const id: string = reply.body['id'];
    expect(reply.body).toEqual({ id: expect.stringMatching(/^\d{15,17}$/) });
    const root = path.slice(0, path.indexOf(`/${PHONE_NUMBER_ID}`));
    const told = await house.request('GET', `${root}/${id}?phone_number_id=${PHONE_NUMBER_ID}`);
    expect(told.body).toMatchObject({
      id,
      mime_type: 'image/png',
      file_size: name === 'kapso' ? String(bytes.length) : bytes.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      messaging_product: 'whatsapp',
    });
    for (const url of [told.body['url'], ...(name === 'kapso' ? [told.body['download_url']] : [])]) {
      const got = await fetch(url);
      expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const sent = await sendImage(id, `${root}/${PHONE_NUMBER_ID}/messages`);
    expectStatus(sent, 200);
    expect(await idToldToMeta(sent)).toBe(id);
    expect((await house.request('DELETE', `${root}/${id}`)).body).toEqual({ success: true });
    expectGraphError(await house.request('GET', `${root}/${id}`), {
      status: 400,
      code: 100,
      subcode: 33,
      type: 'GraphMethodException',
    });
  },
);

test('the same file is kept and uploaded once', async () => {
  const bytes = newImage();
  const first = await post({ bytes });
  const before = await uploadsAtMeta();
  const again = await post({ bytes });
  expect(again.body.data.id).toBe(first.body.data.id);
  expect((await post({ path: GRAPH, bytes })).body['id']).toBe(first.body.data.meta_media_id);
  expect(await uploadsAtMeta()).toBe(before);
});

test('an upload is renewed before Meta forgets it, under the id that the application knows', async () => {
  const { body } = await post();
  const { id, meta_media_id: metaId } = body.data;
  await house.ctx.db.query(
    `update media_uploads set uploaded_at = uploaded_at - interval '29 days' where upload_id = $1`,
    [metaId],
  );
  const [byOurs, byMetas] = [await sendImage(id), await sendImage(metaId)];
  const renewed = await idToldToMeta(byOurs);
  expect(renewed).not.toBe(metaId);
  expect(await idToldToMeta(byMetas)).toBe(renewed);
});

test('a thousand sends of what is to be renewed upload it once', async () => {
  const { body } = await post();
  await house.ctx.db.query(`update media_uploads set uploaded_at = uploaded_at - interval '29 days'`);
  const before = await uploadsAtMeta();
  const sent = await Promise.all(Array.from({ length: 50 }, () => sendImage(body.data.id)));
  expect(new Set(await Promise.all(sent.map(idToldToMeta))).size).toBe(1);
  expect(await uploadsAtMeta()).toBe(before + 1);
});

test('what a customer sent can be sent on, also from another number', async () => {
  const phone = '628511760008031';
  const phoneNumberId = '306540352242924';
  await house.addNumber({ phoneNumberId, phone });
  const { body } = await post();
  const atMeta = body.data.meta_media_id;
  const message = {
    from: CUSTOMER,
    id: 'wamid.forwarded',
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: 'image',
    image: { id: atMeta, mime_type: 'image/png' },
  };
  await postWebhook(house, messageEnvelope([message]));
  const inbound = await until('the medium', async () => {
    const listed = await house.request('GET', '/v1/messages?message_id=wamid.forwarded');
    return listed.body.data[0]?.media_status === 'ready' && listed.body.data[0];
  });
  const reply = await sendImage(`med_${inbound.id.slice(4)}`);
  expectStatus(reply, 200);
  expect(await idToldToMeta(reply)).toMatch(/^\d+$/);
  expect(BUSINESS_PHONE).not.toBe(phone);
});

test('an id of ours that is not there is refused before anything is stored', async () => {
  expectKirimError(await sendImage('med_00000000000000000000000000'), 'invalid_field_value', 'image.id');
});

test('a replay needs no medium any more', async () => {
  const { body } = await post();
  const send = (): Promise<Reply> =>
    house.request(
      'POST',
      `/v1/${PHONE_NUMBER_ID}/messages`,
      { messaging_product: 'whatsapp', to: `+${CUSTOMER}`, type: 'image', image: { id: body.data.id } },
      { 'idempotency-key': 'replayed-medium' },
    );
  const first = await send();
  await house.request('DELETE', `/v24.0/${body.data.meta_media_id}`);
  const again = await send();
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.body.data.id).toBe(first.body.data.id);
  expectKirimError(await sendImage(body.data.id), 'invalid_field_value', 'image.id');
});

describe('refused, and nothing kept', () => {
  test.each<[string, Partial<Posted>, string]>([
    [
      'a type that Meta does not take',
      { type: 'text/csv', bytes: Buffer.from('a,b') },
      "Received file of type 'text/csv'",
    ],
    [
      'a type that nobody knows',
      { type: '', bytes: Buffer.from('\0\x01\x02') },
      "'application/octet-stream'",
    ],
    ['an image larger than 5 MB', { bytes: Buffer.alloc(5 * 1024 * 1024 + 1) }, '5 MB'],
    ['a video larger than 16 MB', { type: 'video/mp4', bytes: Buffer.alloc(16 * 1024 * 1024 + 1) }, '16 MB'],
    ['an empty file', { bytes: Buffer.alloc(0) }, 'empty'],
  ])('%s', async (_, about, says) => {
    const reply = await post(about);
    expectKirimError(reply, 'invalid_field_value', 'file');
    expect(reply.body.error.message).toContain(says);
    const graph = await post({ ...about, path: GRAPH });
    expectGraphError(graph, { status: 400, code: 100, type: 'OAuthException' });
    expect(graph.text).toContain(says);
  });

  test('a file whose type is not told is known by its bytes', async () => {
    const reply = await post({ type: '' });
    expectStatus(reply, 200);
    expect(reply.body.data.mime_type).toBe('image/png');
  });

  test('a form without messaging_product, or without a file', async () => {
    expectKirimError(await post({ fields: {} }), 'missing_required_field', 'messaging_product');
    const form = new FormData();
    form.append('messaging_product', 'whatsapp');
    const response = await fetch(house.gateway.url + KIRIM, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.apiKey}` },
      body: form,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'missing_required_field', param: 'file' } });
  });

  test('a body that is no form, and a form where JSON is wanted', async () => {
    const json = await house.request('POST', KIRIM, { messaging_product: 'whatsapp' });
    expect(expectKirimError(json, 'unsupported_media_type').message).toMatch(
      /multipart\/form-data.*messaging_product.*file/,
    );
    for (const type of ['application/x-www-form-urlencoded', 'image/png', ''])
      expectKirimError(
        await house.request('POST', KIRIM, 'file=a', { 'content-type': type }),
        'unsupported_media_type',
      );
    for (const path of [GRAPH, KAPSO]) {
      const { details } = (await house.request('POST', path, { file: 'a' })).body.error.error_data;
      expect(details).toMatch(/multipart\/form-data.*messaging_product.*file/);
    }
    expectKirimError(await house.request('POST', KIRIM), 'unsupported_media_type');
    const form = await post({ path: `/v1/${PHONE_NUMBER_ID}/messages` });
    expectKirimError(form, 'unsupported_media_type');
    const broken = await house.request('POST', KIRIM, '--x\r\nnonsense', {
      'content-type': 'multipart/form-data; boundary=x',
    });
    expect(broken.status).toBe(400);
    const boundless = await house.request('POST', KIRIM, 'x', { 'content-type': 'multipart/form-data' });
    expect(boundless.status).toBe(400);
  });

  test('what Meta refuses', async () => {
    await using faulty = await startHouse();
    faulty.simulator.control.putFault({
      match: { edge: 'media' },
      effect: { kind: 'graph_error', code: 131_053, http: 400 },
      times: 1,
    });
    const reply = await postForm(faulty, { path: KIRIM, bytes: newImage() });
    expectKirimError(reply, 'whatsapp_upstream_error');
    expect(await faulty.ctx.db.query('select id from media')).toEqual([]);
  });

  test('anything, while the disk is nearly full', async () => {
    await using full = await startHouse({ databaseFolder: '/', config: { diskFreeMinMb: 100_000_000 } });
    const refused = await until('the disk to be looked at', async () => {
      const reply = await postForm(full, { path: KIRIM, bytes: newImage() });
      return reply.status === 503 && reply;
    });
    expectKirimError(refused, 'service_unavailable');
    const image = { id: '1000000000000001', mime_type: 'image/png' };
    await postWebhook(
      full,
      messageEnvelope([{ from: CUSTOMER, id: 'wamid.full', timestamp: '1790000000', type: 'image', image }]),
    );
    await full.gateway.tick();
    const [row] = await full.ctx.db.query<{ tries: number }>(
      `select tries from media where source_id is not null`,
    );
    expect(row?.tries).toBe(0);
  });

  test('what breaks off', async () => {
    const { hostname, port } = new URL(house.gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST ${KIRIM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${house.apiKey}\r\ncontent-length: 1000000\r\n` +
        'content-type: multipart/form-data; boundary=b\r\n\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="cut-off.png"\r\n' +
        `content-type: image/png\r\n\r\n${'x'.repeat(5_000)}`,
    );
    const rows = () => house.ctx.db.query(`select id from media where filename = 'cut-off.png'`);
    await until('the upload to begin', async () => (await rows()).length === 1);
    socket.destroy();
    await until('its end', async () => (await rows()).length === 0);
  });

  test('no bytes are left behind that no row knows', async () => {
    const names = await readdir(house.gateway.ctx.config.mediaDir, { recursive: true });
    const kept = names.flatMap((name) => /med_[0-9A-Z]{26}.*$/.exec(name)?.[0] ?? []);
    const rows = await house.ctx.db.query<{ id: string }>(`select id from media where status = 'ready'`);
    expect(kept.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  });
});
