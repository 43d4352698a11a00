// A stop in order: no new requests, what is under way at Meta ends and is written down, within 15 s even if Meta never answers; and
// after the next start nothing is lost and nothing is double.
import { describe, expect, test } from 'vitest';

import { expectGraphError, expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House, type Reply } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';
import { startProcessHouse } from '../support/process-house.ts';
import { exchange } from '../support/raw-http.ts';
import { postWebhook, statusEnvelope } from '../support/signed-webhooks.ts';

const STOP_WITHIN_MS = 15_000;
const MESSAGES = `/v1/${PHONE_NUMBER_ID}/messages`;

async function startWith(meta: MetaByHand, shutdownMs = 15_000): Promise<House> {
  return startHouse({ config: { graphUrl: meta.url, sendWaitMs: 20_000, shutdownMs } });
}

function recipients(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `1202555${String(4_000 + i)}`);
}

/** Their windows are open, so that a send is answered on Meta's 200. */
async function openWindows(house: House, phones: readonly string[]): Promise<void> {
  const messages = phones.map((from) => ({
    from,
    id: `wamid.from-${from}`,
    timestamp: String(Math.floor(Date.now() / 1_000)),
    type: 'text',
    text: { body: 'Halo' },
  }));
  const value = { metadata: { phone_number_id: PHONE_NUMBER_ID }, messages };
  const body = { entry: [{ id: '1', changes: [{ field: 'messages', value }] }] };
  expectStatus(await postWebhook(house, body), 200);
}

async function shown(house: House, sent: Reply): Promise<Reply['body']> {
  const reply = await house.request('GET', `/v1/messages/${sent.body.data.id}`);
  expectStatus(reply, 200);
  return reply.body.data;
}

describe('while Meta is slow', () => {
  test('calls under way end and are answered, and nothing new is begun', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const phones = recipients(12);
    await openWindows(house, phones);
    meta.react(() => ({ kind: 'hold' }));
    const sending = phones.map((to) => house.sendText(to, 'Sebelum tutup', { 'idempotency-key': to }));
    await until('all to be at Meta', async () => meta.calls.length === phones.length);

    const closing = house.gateway.close();
    for (const path of ['/v1/me', '/v1/messages', '/health', '/health/ready'])
      expectKirimError(await house.request('GET', path), 'service_unavailable');
    const refused = await house.sendText('12025554999');
    expectKirimError(refused, 'service_unavailable');
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const graph = await house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, {});
    expectGraphError(graph, { status: 503, code: 2 });

    meta.letGo();
    const sent = await Promise.all(sending);
    await closing;
    for (const reply of sent) {
      expectStatus(reply, 200);
      expect(reply.body.data).toMatchObject({
        status: 'pending',
        message_id: expect.stringMatching(/^wamid/),
      });
    }

    await house.restart();
    for (const reply of sent) expect(await shown(house, reply)).toMatchObject({ status: 'pending' });
    for (const [i, to] of phones.entries()) {
      const again = await house.sendText(to, 'Sebelum tutup', { 'idempotency-key': to });
      expect(again.body.data.id).toBe(sent[i]?.body.data.id);
    }
    expect(meta.calls).toHaveLength(phones.length);
  });

  test('what is queued stays queued, and goes after the next start, once and in order', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    meta.react(() => ({ kind: 'hold' }));
    const texts = Array.from({ length: 25 }, (_, i) => `Nomor ${i}`);
    const sent: Reply[] = [];
    for (const text of texts)
      sent.push(await house.sendText('12025554100', text, { prefer: 'respond-async' }));
    await until('the first to be at Meta', async () => meta.calls.length === 1);

    const closing = house.gateway.close();
    meta.letGo();
    await closing;
    expect(meta.calls).toHaveLength(1);

    await house.restart();
    await until('all to have gone', async () => meta.calls.length === texts.length);
    expect(meta.calls.map((call) => call.body['text'])).toEqual(texts.map((body) => ({ body })));
    await until('all to be written down', async () =>
      (await Promise.all(sent.map((reply) => shown(house, reply)))).every(
        (one) => one['status'] === 'pending',
      ),
    );
  });
});

describe('when Meta never answers', () => {
  test('the stop ends all the same, and Meta’s later word is believed', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta, 4_000);
    const phones = recipients(6);
    await openWindows(house, phones);
    meta.react(() => ({ kind: 'hold' }));
    const kirim = phones.slice(0, 3).map((to) => house.sendText(to, 'Halo', { 'idempotency-key': to }));
    const owed = phones.slice(3).map((to) =>
      house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, {
        messaging_product: 'whatsapp',
        to,
        type: 'text',
        text: { body: 'Halo' },
      }),
    );
    await until('all to be at Meta', async () => meta.calls.length === phones.length);

    const startedAt = performance.now();
    await house.gateway.close();
    // The promise itself; it took 20 s and more when the stop waited for the calls' own time-outs.
    expect(performance.now() - startedAt).toBeLessThan(STOP_WITHIN_MS);
    const sent = await Promise.all(kirim);
    for (const reply of sent) {
      expectStatus(reply, 200);
      expect(reply.body.data.status).toBe('pending');
    }
    // A wamid is owed and nobody knows whether there is one.
    for (const reply of await Promise.all(owed)) expectGraphError(reply, { status: 500, code: 131000 });

    await house.restart();
    const again = await house.sendText(phones[0] ?? '', 'Halo', {
      'idempotency-key': phones[0] ?? '',
      prefer: 'respond-async',
    });
    expect(again.body.data.id).toBe(sent[0]?.body.data.id);
    // The call may still arrive: whoever comes behind it waits, and nobody else does.
    const [first = ''] = phones;
    await house.sendText(first, 'Berikutnya', { prefer: 'respond-async' });
    meta.letGo();
    await house.sendText('12025554998', 'Bebas', { prefer: 'respond-async' });
    await until('somebody else’s', async () => meta.callsTo('12025554998').length === 1);
    expect(meta.callsTo(first)).toHaveLength(1);
    const statuses = meta.calls.slice(0, phones.length).map((call) => ({
      id: call.wamid,
      status: 'delivered',
      timestamp: '1760000000',
      recipient_id: call.to,
      biz_opaque_callback_data: call.token,
    }));
    expectStatus(await postWebhook(house, statusEnvelope(statuses)), 200);
    for (const reply of sent) expect(await shown(house, reply)).toMatchObject({ status: 'delivered' });
    await until('the one behind', async () => meta.callsTo(first).length === 2);
    expect(meta.calls).toHaveLength(phones.length + 2);
  });
});

describe('callers who never finish', () => {
  test.each([
    ['a header', 'GET /v1/me HTTP/1.1\r\nhost: kurir.test\r\n'],
    [
      'a body',
      `POST ${MESSAGES} HTTP/1.1\r\nhost: kurir.test\r\ncontent-type: application/json\r\ncontent-length: 9\r\n`,
    ],
    ['nothing at all', ''],
  ])('half of %s does not hold up the stop', async (what, half) => {
    await using house = await startHouse();
    const key = what === 'a body' ? `authorization: Bearer ${house.apiKey}\r\n\r\n{` : '';
    const asked = exchange(house.gateway.url, half + key).catch(() => 'cut off');
    // Asked later and answered: the half one has been seen.
    expectStatus(await house.request('GET', '/health'), 200);
    const startedAt = performance.now();
    await house.gateway.close();
    expect(performance.now() - startedAt).toBeLessThan(STOP_WITHIN_MS);
    expect(await asked).toBe('cut off');
  });
});

describe('SIGTERM to the process', () => {
  test('in the middle of sends: it ends with 0, and all are at Meta once', { timeout: 90_000 }, async () => {
    await using house = await startProcessHouse({
      env: { KURIR_SEND_WAIT_MS: '3000' },
      simulator: {
        latencyMs: 150,
        windowEnforced: false,
        statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
        webhookRetryMs: Array.from({ length: 200 }, () => 300),
      },
    });
    const url = `${house.url}${MESSAGES}`;
    const send = async (i: number): Promise<string | undefined> => {
      const to = `+1202555${String(120 + (i % 60)).padStart(4, '0')}`;
      const body = { messaging_product: 'whatsapp', to, type: 'text', text: { body: `Pesan ${i}` } };
      const headers = {
        authorization: `Bearer ${house.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': `sigterm-${i}`,
      };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
        () => undefined,
      );
      if (!response || response.status === 503) return undefined;
      const text = await response.text();
      expectStatus({ status: response.status, headers: response.headers, text }, 200);
      const { data }: { data: { id: string } } = JSON.parse(text);
      return data.id;
    };
    const total = 160;
    const ids = new Map<number, string>();
    let stopping: Promise<number | null> | undefined;
    const worker = async (first: number): Promise<void> => {
      for (let i = first; i < total; i += 16) {
        const id = await send(i);
        if (id !== undefined) ids.set(i, id);
        if (ids.size >= 60) stopping ??= house.stop();
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => worker(i)));
    expect(await stopping).toBe(0);
    expect(ids.size).toBeLessThan(total);

    await house.start();
    const repeat = async (first: number): Promise<void> => {
      for (let i = first; i < total; i += 16) {
        const id = await until(`an answer to ${i}`, () => send(i));
        expect(id).toBe(ids.get(i) ?? id);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => repeat(i)));
    const taken = await until('all to be at Meta', async () => {
      const response = await fetch(`${house.simulatorUrl}/_sim/v1/messages?direction=outbound&limit=1000`);
      const { data }: { data: { payload: { text: { body: string } } }[] } = JSON.parse(await response.text());
      return data.length >= total && data;
    });
    const texts = taken.map((one) => one.payload.text.body);
    expect(texts.toSorted()).toEqual(Array.from({ length: total }, (_, i) => `Pesan ${i}`).toSorted());
    const left = await house.query<{ state: string }>(
      "select state from message_states where turn is not null or state in ('intended', 'unknown', 'failed')",
    );
    expect(left).toEqual([]);
  });
});
