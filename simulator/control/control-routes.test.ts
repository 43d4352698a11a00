// The control API over HTTP: who may call it, what it says when asked wrongly, waiting, silence, the clock and the reset.
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../simulator.ts';
import { control, errorOf, send, sendText, wamidOf } from '../testing/client.ts';
import { startReceiver } from '../testing/receiver.ts';

// fetch() does not let a caller choose its Host.
function statusWith(simulator: Simulator, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(`${simulator.url}/_sim/v1/health`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', reject).end();
  });
}

test('only this machine’s own names may call it, and no page of another origin', async () => {
  await using simulator = await startSimulator({ controlHosts: ['simulator'] });
  const port = String(simulator.port);
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '[::1]', 'a.localhost', 'simulator']) {
    expect(await statusWith(simulator, { host: `${host}:${port}` })).toBe(200);
  }
  for (const host of ['evil.example', '192.168.0.1', 'localhost.evil.example']) {
    expect(await statusWith(simulator, { host })).toBe(403);
  }
  const host = `localhost:${port}`;
  expect(await statusWith(simulator, { host, origin: `http://${host}` })).toBe(200);
  expect(await statusWith(simulator, { host, origin: 'http://localhost:3000' })).toBe(403);
  expect(await statusWith(simulator, { host, origin: 'null' })).toBe(403);
  expect(await statusWith(simulator, { host, 'sec-fetch-site': 'cross-site' })).toBe(403);
});

test('asked wrongly, it says what is wrong and where', async () => {
  await using simulator = await startSimulator();
  await sendText(simulator, '628122222222');
  const form = await fetch(`${simulator.url}/_sim/v1/phones`, {
    method: 'POST',
    body: new URLSearchParams({ name: 'x' }),
  });
  expect([form.status, await form.json()]).toEqual([
    415,
    { error: { code: 'unsupported_media_type', message: 'The body must be sent as application/json.' } },
  ]);
  const cases: [string, unknown, number, object][] = [
    ['POST /phones', { nmae: 'x' }, 400, { code: 'invalid_request', param: 'nmae' }],
    ['POST /phones', { phone: '12' }, 400, { param: 'phone' }],
    ['POST /phones/628111111111/send', {}, 400, { param: 'type' }],
    [
      'POST /phones/628111111111/send',
      { type: 'smoke' },
      400,
      { param: 'type', known: expect.arrayContaining(['text']) },
    ],
    ['POST /phones/628111111111/send', { type: 'text' }, 400, { param: 'text' }],
    ['POST /phones/628111111111/send', { type: 'text', text: 'x', number: '1' }, 404, { param: 'number' }],
    ['POST /phones/nobody/read', {}, 404, { param: 'phone' }],
    ['POST /phones/628111111111/tap', { button: 'x' }, 409, { code: 'nothing_to_tap' }],
    ['POST /statuses', { message: 'wamid.x', status: 'read' }, 404, { param: 'message' }],
    ['POST /statuses', { message: 'wamid.x', status: 'gone' }, 400, { param: 'status' }],
    ['POST /clock/advance', { by: 'soon' }, 400, { param: 'by' }],
    ['PUT /clock', { now: 'noon' }, 400, { param: 'now' }],
    ['POST /webhooks/verify', {}, 400, { param: 'url' }],
    ['GET /messages?colour=blue', undefined, 400, { param: 'colour' }],
    ['GET /messages?direction=outbound&text=/(/', undefined, 400, { param: 'text' }],
    [
      'POST /phones/628111111111/send',
      { type: 'image', image: { mime_type: 'x\r\ny' } },
      400,
      { param: 'image.mime_type' },
    ],
    ['GET /nonsense', undefined, 404, { code: 'not_found' }],
    ['DELETE /phones', undefined, 404, { code: 'not_found' }],
  ];
  for (const [call, body, status, error] of cases) {
    const answer = await control(simulator, call, body);
    expect([call, answer.status]).toEqual([call, status]);
    expect(errorOf(answer)).toMatchObject(error);
  }
});

test('phones: made with numbers of their own, changed, listed', async () => {
  await using simulator = await startSimulator();
  const one = await control(simulator, 'POST /phones', { name: 'Siti', auto_read: true });
  const other = await control(simulator, 'POST /phones');
  expect(one.json).toMatchObject({ phone: '12015550120', name: 'Siti', auto_read: true, online: true });
  expect(other.json['phone']).toBe('12015550121');
  expect((await control(simulator, 'POST /phones/%2B12015550120/offline')).json).toMatchObject({
    online: false,
  });
  expect((await control(simulator, 'GET /phones')).json['data']).toHaveLength(2);
  for (const verb of ['online', 'block', 'unblock', 'opt-out', 'opt-in', 'typing']) {
    expect((await control(simulator, `POST /phones/12015550120/${verb}`)).status).toBe(200);
  }
});

test('what a customer sends, over HTTP', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({ callbackUrl: receiver.url });
  const sends = [
    { type: 'text', text: { body: 'Halo' } },
    { type: 'location', location: { latitude: -6.2, longitude: 106.8 } },
    { type: 'contacts', contacts: [{ name: { formatted_name: 'A' } }] },
    { type: 'audio', audio: {} },
    { type: 'video', video: {} },
    { type: 'document', document: { filename: 'b.pdf' } },
    { type: 'sticker', sticker: { animated: true } },
  ];
  for (const body of sends)
    expect((await control(simulator, 'POST /phones/628111111111/send', body)).status).toBe(200);
  await receiver.until(sends.length);
  expect(receiver.messages()).toMatchObject([
    { type: 'text', text: { body: 'Halo' } },
    { type: 'location', location: { latitude: -6.2, longitude: 106.8 } },
    { type: 'contacts' },
    { type: 'audio', audio: { mime_type: 'audio/ogg; codecs=opus', voice: true } },
    { type: 'video' },
    { type: 'document', document: { filename: 'b.pdf', mime_type: 'application/pdf' } },
    { type: 'sticker', sticker: { mime_type: 'image/webp', animated: true } },
  ]);
  expect(Object.keys(receiver.messages()[0] ?? {})).toEqual([
    'from',
    'from_user_id',
    'id',
    'timestamp',
    'text',
    'type',
  ]);
});

test('messages: filters', async () => {
  await using simulator = await startSimulator({ windowEnforced: false });
  const wamid = wamidOf(
    await send(simulator, { text: { body: 'Pesanan 1' }, biz_opaque_callback_data: 'tok' }),
  );
  await sendText(simulator, '628222222222', 'Pesanan 2');
  simulator.control.send('628111111111', { type: 'text', text: 'Terima kasih' });
  const count = async (query: string): Promise<number> => {
    const { json } = await control(simulator, `GET /messages?${query}`);
    return Array.isArray(json['data']) ? json['data'].length : -1;
  };
  expect(await count('')).toBe(3);
  expect(await count('to=%2B628111111111')).toBe(1);
  expect(await count('from=628111111111')).toBe(1);
  expect(await count('direction=outbound')).toBe(2);
  expect(await count('text=Pesanan')).toBe(2);
  expect(await count('text=/PESANAN%20[12]/i')).toBe(2);
  expect(await count(`id=${encodeURIComponent(wamid)}`)).toBe(1);
  expect(await count('biz_opaque_callback_data=tok')).toBe(1);
  expect(await count('type=image')).toBe(0);
  expect(await count('since=2999-01-01T00:00:00Z')).toBe(0);
  expect(await count('limit=1')).toBe(1);
});

test('wait: resolves when it comes; in vain, tells what came nearest', async () => {
  await using simulator = await startSimulator({
    windowEnforced: false,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
  const waiting = control(simulator, 'POST /messages/wait', {
    match: { to: '628111111111', status: 'delivered' },
  });
  await sendText(simulator);
  expect((await waiting).json).toMatchObject({ data: [{ status: 'delivered' }] });
  const vain = await control(simulator, 'POST /messages/wait', {
    match: { to: '628111111111', text: 'Selamat' },
    timeout_ms: 10,
  });
  expect(vain.status).toBe(408);
  expect(errorOf(vain)).toMatchObject({
    code: 'timeout',
    found: 0,
    near_misses: [{ differences: [{ field: 'text', expected: 'Selamat', actual: 'Halo' }] }],
  });
});

test('none: silence is asserted, at once when the clock stands still', async () => {
  await using simulator = await startSimulator({ windowEnforced: false });
  simulator.control.setClock({ mode: 'frozen' });
  const quiet = await control(simulator, 'POST /messages/none', {
    match: { to: '628111111111' },
    within_ms: 60_000,
  });
  expect(quiet.json).toEqual({ ok: true });
  await sendText(simulator);
  const loud = await control(simulator, 'POST /messages/none', { match: { to: '628111111111' } });
  expect(loud.status).toBe(409);
  expect(errorOf(loud)).toMatchObject({ code: 'unexpected_message', found: [{ text: 'Halo' }] });
});

test('a status by hand goes out whatever the message’s life says', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({ callbackUrl: receiver.url, windowEnforced: false });
  simulator.control.setClock({ mode: 'frozen' });
  const message = wamidOf(await sendText(simulator));
  await control(simulator, 'POST /statuses', { message, status: 'read' });
  await control(simulator, 'POST /statuses', { message, status: 'failed', error: { code: 131026 } });
  await receiver.until(2);
  expect(receiver.statuses()).toMatchObject([
    { status: 'read' },
    { status: 'failed', errors: [{ code: 131026, title: 'Message undeliverable' }] },
  ]);
});

test('the clock: set, frozen, advanced to the next timer', async () => {
  await using simulator = await startSimulator({
    windowEnforced: false,
    statusDelaysMs: { sent: 5000, delivered: 0, read: 0 },
  });
  const set = await control(simulator, 'PUT /clock', { mode: 'frozen', now: '2026-11-20T08:00:00Z' });
  expect(set.json).toEqual({ now: '2026-11-20T08:00:00.000Z', mode: 'frozen', rate: 0, next_timer: null });
  await sendText(simulator);
  expect((await control(simulator, 'GET /clock')).json['next_timer']).toBe('2026-11-20T08:00:05.000Z');
  const advanced = await control(simulator, 'POST /clock/advance', { to: 'next_timer' });
  expect(advanced.json).toMatchObject({ fired: 1, now: '2026-11-20T08:00:05.000Z' });
  const further = await control(simulator, 'POST /clock/advance', { to: '2026-11-21T08:00:00Z' });
  expect(further.json['now']).toBe('2026-11-21T08:00:00.000Z');
  expect((await control(simulator, 'POST /clock/advance', { to: '2026-11-20T08:00:00Z' })).status).toBe(400);
  expect((await control(simulator, 'PUT /clock', { mode: 'scaled', rate: 60 })).json).toMatchObject({
    mode: 'scaled',
    rate: 60,
  });
});

test('webhooks: where they go, and the handshake with the receiver', async () => {
  await using receiver = await startReceiver('mine');
  await using simulator = await startSimulator();
  expect((await control(simulator, 'GET /webhooks')).json).toEqual({
    callback_url: null,
    pending: 0,
    held: false,
  });
  const wrong = await control(simulator, 'POST /webhooks/verify', { url: receiver.url });
  expect(wrong.json).toMatchObject({ ok: false, status: 404 });
  const right = await control(simulator, 'POST /webhooks/verify', {
    url: receiver.url,
    verify_token: 'mine',
  });
  expect(right.json).toMatchObject({ ok: true });
  expect((await control(simulator, 'GET /webhooks')).json).toMatchObject({ callback_url: null });
  await control(simulator, 'PUT /webhooks', { url: receiver.url });
  simulator.control.send('628111111111', { type: 'text', text: 'x' });
  await receiver.until(1);
});

test('the journal has every call and every webhook, in pages', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
  });
  await sendText(simulator);
  await simulator.control.settled();
  const { json } = await control(simulator, 'GET /journal');
  expect(json).toMatchObject({
    data: [
      { seq: 1, kind: 'graph', answer: 200, detail: { body: { to: '628111111111' } } },
      { seq: 2, kind: 'webhook', answer: 200 },
      { seq: 3, kind: 'webhook', answer: 200 },
    ],
  });
  expect((await control(simulator, 'GET /journal?after=1&limit=1')).json).toMatchObject({
    data: [{ seq: 2 }],
  });
});

test('reset: the world of the settings again, nothing left of before', async () => {
  await using receiver = await startReceiver();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    phones: [{ phone: '628111111111', wroteMsAgo: 60_000 }],
  });
  await receiver.until(1);
  await sendText(simulator);
  simulator.control.putFault({ effect: { kind: 'drop' } });
  await simulator.control.advance({ by: '30h' });
  expect((await control(simulator, 'POST /reset')).json).toEqual({ ok: true });
  await receiver.until(2);
  expect(simulator.control.messages({ direction: 'outbound' })).toEqual([]);
  expect(simulator.control.faults()).toEqual([]);
  expect(Math.abs(Date.parse(simulator.control.clock().now) - Date.now())).toBeLessThan(60_000);
});
