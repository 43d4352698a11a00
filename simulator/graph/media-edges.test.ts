// Media: uploaded, located by a link of five minutes, fetched with the token, deleted.
import { createHash } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { part, word } from '../json-parts.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { errorOf, graph, NUMBER, send, TOKEN } from '../testing/client.ts';
import { startReceiver } from '../testing/receiver.ts';

const bytes = Buffer.from('not really a picture');

function form(type = 'image/png', product: string | null = 'whatsapp'): FormData {
  const fields = new FormData();
  if (product !== null) fields.set('messaging_product', product);
  fields.set('file', new Blob([bytes], { type }), 'my picture.png');
  return fields;
}

function upload(simulator: Simulator, body = form()): ReturnType<typeof graph> {
  return graph(simulator, `POST /v24.0/${NUMBER}/media`, { body });
}

test('what is uploaded is located, downloaded, and deleted', async () => {
  await using simulator = await startSimulator();
  simulator.control.setClock({ mode: 'frozen' });
  const uploaded = await upload(simulator);
  expect(uploaded.text).toMatch(/^\{"id":"\d{16}"\}$/);
  const id = word(uploaded.json['id']);
  const located = await graph(simulator, `GET /v24.0/${id}`);
  expect(located.text).toMatch(
    /^\{"url":"http:\\\/\\\/127\.0\.0\.1:\d+\\\/whatsapp_business\\\/attachments\\\/\?mid=\d+&source=getMedia&ext=\d+&hash=AR[\w-]+","mime_type":"image\\\/png","sha256":"[0-9a-f]{64}","file_size":20,"id":"\d{16}","messaging_product":"whatsapp"\}$/,
  );
  expect(located.json['sha256']).toBe(createHash('sha256').update(bytes).digest('hex'));
  const url = word(located.json['url']);
  const authorization = `Bearer ${TOKEN}`;
  const fetched = await fetch(url, { headers: { authorization } });
  expect(await fetched.text()).toBe(bytes.toString());
  expect(fetched.headers.get('content-type')).toBe('image/png');
  expect(fetched.headers.get('content-disposition')).toBe('inline;filename=my_picture.png');
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(url.replace('hash=AR', 'hash=AX'), { headers: { authorization } })).status).toBe(404);
  await simulator.control.advance({ by: '301s' });
  expect((await fetch(url, { headers: { authorization } })).status).toBe(404);
  expect((await graph(simulator, `DELETE /v24.0/${id}`)).text).toBe('{"success":true}');
  expect(errorOf(await graph(simulator, `GET /v24.0/${id}`))).toMatchObject({ code: 100, error_subcode: 33 });
});

test('a link wants a User-Agent, and takes a range', async () => {
  await using simulator = await startSimulator();
  const id = word((await upload(simulator)).json['id']);
  const url = new URL(word((await graph(simulator, `GET /v24.0/${id}`)).json['url']));
  const authorization = `Bearer ${TOKEN}`;
  const nameless = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { authorization } }, resolve).on('error', reject);
  });
  nameless.resume();
  expect([nameless.statusCode, nameless.headers['x-sim-note']]).toEqual([404, 'No bytes: no User-Agent.']);
  const ranges: [string, number, string, string | null][] = [
    ['bytes=0-2', 206, 'not', 'bytes 0-2/20'],
    ['bytes=4-', 206, 'really a picture', 'bytes 4-19/20'],
    ['bytes=-7', 206, 'picture', 'bytes 13-19/20'],
    ['bytes=20-', 200, bytes.toString(), null],
    ['lines=1-2', 200, bytes.toString(), null],
  ];
  for (const [range, status, text, contentRange] of ranges) {
    const fetched = await fetch(url, { headers: { authorization, range } });
    expect([range, fetched.status, await fetched.text(), fetched.headers.get('content-range')]).toEqual([
      range,
      status,
      text,
      contentRange,
    ]);
  }
});

test.each([
  ['image/jpeg', 5_000_000, '5 MB'],
  ['audio/ogg', 16_000_000, '16 MB'],
  ['video/mp4', 16_000_000, '16 MB'],
])('%s: at most %i bytes', async (type, max, shown) => {
  await using simulator = await startSimulator();
  const sized = (size: number): FormData => {
    const fields = new FormData();
    fields.set('file', new Blob([new Uint8Array(size)], { type }), 'a');
    // The product may come after the file.
    fields.set('messaging_product', 'whatsapp');
    return fields;
  };
  const most = await upload(simulator, sized(max));
  expect(most.status).toBe(200);
  expect((await graph(simulator, `GET /v24.0/${word(most.json['id'])}`)).json['file_size']).toBe(max);
  expect(errorOf(await upload(simulator, sized(max + 1)))['message']).toBe(
    `(#100) Param file must be at most ${shown} in size.`,
  );
});

test('a form that breaks off keeps nothing', async () => {
  await using simulator = await startSimulator();
  const answer = await graph(simulator, `POST /v24.0/${NUMBER}/media`, {
    body: '--x\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: image/png\r\n\r\nhalf',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
  expect(errorOf(answer)['message']).toBe('(#100) The parameter file is required.');
});

test('an upload is kept for 30 days', async () => {
  await using simulator = await startSimulator();
  const id = word((await upload(simulator)).json['id']);
  await simulator.control.advance({ by: '29d' });
  expect((await send(simulator, { type: 'image', image: { id } })).status).toBe(200);
  await simulator.control.advance({ by: '1d' });
  expect(errorOf(await send(simulator, { type: 'image', image: { id } }))['message']).toBe(
    "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID",
  );
  expect(errorOf(await graph(simulator, `GET /v24.0/${id}`))).toMatchObject({ error_subcode: 33 });
});

test('uploads are refused without the product, without a file, and of another type', async () => {
  await using simulator = await startSimulator();
  expect(errorOf(await upload(simulator, form('image/png', null)))).toMatchObject({
    message: '(#100) The parameter messaging_product is required.',
  });
  const empty = new FormData();
  empty.set('messaging_product', 'whatsapp');
  expect(errorOf(await upload(simulator, empty))).toMatchObject({
    message: '(#100) The parameter file is required.',
  });
  expect(errorOf(await upload(simulator, form('text/csv')))).toMatchObject({
    message: expect.stringMatching(
      /^\(#100\) Param file must be a file with one of the following types: audio\/aac, .*, video\/3gpp\. Received file of type 'text\/csv'\.$/,
    ),
  });
  const id = word((await upload(simulator)).json['id']);
  const foreign = await graph(simulator, `GET /v24.0/${id}?phone_number_id=1`);
  expect(errorOf(foreign)).toMatchObject({
    message: '(#100) Param phone_number_id is not a valid whatsapp business phone number id ID',
  });
});

test('a link that cannot be fetched, or is of the wrong sort, fails by webhook with 131053', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
  for (const link of ['https://nowhere.test/a.png', 'https://cdn.example.com/a.avif']) {
    expect((await send(simulator, { type: 'image', image: { link } })).status).toBe(200);
  }
  await receiver.until(2);
  expect(receiver.statuses()).toMatchObject([
    { status: 'failed', errors: [{ code: 131053, title: 'Media upload error' }] },
    { status: 'failed', errors: [{ code: 131053 }] },
  ]);
});

test('a customer’s picture is in the webhook, and can be fetched from there', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({ callbackUrl: receiver.url });
  simulator.control.send('628111111111', {
    type: 'image',
    image: { caption: 'Look', data: bytes.toString('base64') },
  });
  await receiver.until(1);
  const [message] = receiver.messages();
  expect(Object.keys(message ?? {})).toEqual(['from', 'from_user_id', 'id', 'timestamp', 'type', 'image']);
  expect(message?.['image']).toMatchObject({
    caption: 'Look',
    mime_type: 'image/png',
    sha256: createHash('sha256').update(bytes).digest('base64'),
    url: expect.stringContaining('source=webhook'),
  });
  const url = word(part(message ?? {}, 'image')['url']);
  const fetched = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await fetched.text()).toBe(bytes.toString());
});
