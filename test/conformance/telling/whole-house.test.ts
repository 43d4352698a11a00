// Every variant of what Meta tells, posted to the door of a house, is told to a subscriber of each dialect in Meta's own words, and each
// signature verifies with code that is not ours.
import { verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { canonicalJson, isObject, jsonOf, type Json, type JsonObject } from '../../../src/kernel/json.ts';
import { objects } from '../../../src/meta/webhook-envelope.ts';
import { WEBHOOK_DIALECTS, type WebhookDialect } from '../../../src/webhooks/telling.ts';
import { expectStatus } from '../../support/expect-reply.ts';
import { startHook, type Heard, type Hook } from '../../support/hook.ts';
import { PHONE_NUMBER_ID, startHouse, until, type House } from '../../support/house.ts';
import { postWebhook } from '../../support/signed-webhooks.ts';
import { subscribe } from '../../support/subscribe.ts';
import { bodyOf, VARIANTS, type Variant } from '../inbound/variants.ts';
import { isKirims } from './verify-kirim.ts';

/** A number of the simulator's. */
const READS_AT_ONCE = '+12025550101';

let house: House;
const listeners = new Map<WebhookDialect, { hook: Hook; secret: string }>();

beforeAll(async () => {
  house = await startHouse({ config: { webhookAllow: '127.0.0.0/8' } });
  for (const dialect of WEBHOOK_DIALECTS) {
    const hook = await startHook();
    const { initialSecret } = await subscribe(house, { url: hook.url, dialect });
    listeners.set(dialect, { hook, secret: initialSecret });
  }
  for (const variant of VARIANTS) expectStatus(await postWebhook(house, bodyOf([variant])), 200);
}, 60_000);

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  for (const { hook } of listeners.values()) await hook[Symbol.asyncDispose]();
});

describe.each(['pesanan-17', undefined])('a send with the application’s own word %j', (own) => {
  test('is followed in each dialect, and nobody hears our token', async () => {
    const sent = await house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, {
      messaging_product: 'whatsapp',
      to: READS_AT_ONCE,
      type: 'text',
      text: { body: 'Pesanan Anda siap' },
      ...(own === undefined ? {} : { biz_opaque_callback_data: own }),
    });
    expectStatus(sent, 200);
    const wamid: unknown = sent.body.data.message_id;
    for (const dialect of WEBHOOK_DIALECTS) {
      const told = await until(`its statuses in ${dialect}`, async () => {
        const all = listenerOf(dialect).hook.heard.map((one) => statusIn(jsonOf(one.body)));
        const its = all.filter((one) => one?.['id'] === wamid);
        return new Set(its.map((one) => one?.['status'])).size === 3 && its;
      });
      // As many as there are: none is told twice.
      expect(told).toHaveLength(3);
      for (const one of told) expect(one?.['biz_opaque_callback_data']).toBe(own);
      // Our own begin so, whatever stands behind.
      for (const one of listenerOf(dialect).hook.heard) expect(one.body).not.toContain('k1.msg_');
    }
  });
});

describe.each(WEBHOOK_DIALECTS)('%s', (dialect) => {
  test.each(VARIANTS.map((variant) => [variant.name, variant] as const))(
    'tells: %s',
    async (_name, variant) => {
      const { hook } = listenerOf(dialect);
      const wanted = wantedOf(dialect, variant);
      const found = await until(variant.name, async () =>
        hook.heard.find((one) => TELLS[dialect](one, variant) === wanted),
      );
      expect(found.headers['content-type']).toBe('application/json');
    },
  );

  test('each thing once, and nothing that does not verify', async () => {
    const { hook, secret } = listenerOf(dialect);
    expect(hook.heard.length).toBeGreaterThanOrEqual(VARIANTS.length);
    for (const one of hook.heard) expect(VERIFIES[dialect](one, secret)).toBe(true);
    for (const one of hook.heard) expect(VERIFIES[dialect](one, `${secret.slice(0, -3)}AA=`)).toBe(false);
    const bodies = hook.heard.map((one) => one.body);
    expect(new Set(bodies).size).toBe(bodies.length);
  });
});

test('what standard says of a message is its resource, but for what the document names', async () => {
  const told = listenerOf('standard').hook.heard.map((one) => objectOf(one.body));
  const seen = new Set<string>();
  for (const { type, data } of told) {
    if (!isObject(data) || data['object'] !== 'message' || !textAt(data, 'message_id')) continue;
    const beside = ['contact', 'meta', 'is_new_conversation', 'media_url', 'media_status', 'errors'];
    const same = Object.fromEntries(Object.entries(data).filter(([name]) => !beside.includes(name)));
    const shown = (await house.request('GET', `/v1/messages/${textAt(data, 'id')}`)).body.data;
    const resource = Object.fromEntries(Object.keys(same).map((name) => [name, shown[name]]));
    // These say how things stood when it happened.
    const { status, status_times: times, source, ...rest } = same;
    const { status: later, status_times: laterTimes, source: shownSource, ...restShown } = resource;
    expect(rest, textAt(data, 'type')).toEqual(restShown);
    if (source !== 'api') expect(source).toEqual(shownSource);
    expect(laterTimes).toMatchObject(isObject(times) ? times : {});
    if (data['direction'] === 'inbound') expect([status, times]).toEqual([later, laterTimes]);
    if (type === 'message.status') expect(typeof times).toBe('object');
    if (typeof type === 'string') seen.add(type);
  }
  for (const type of ['message.received', 'message.status', 'message.sent', 'message.edited'])
    expect(seen).toContain(type);
});

const VERIFIES: Record<WebhookDialect, (one: Heard, secret: string) => boolean> = {
  kirim: ({ headers, body }, secret) => isKirims(body, String(headers['x-kirim-signature']), secret),
  kapso: ({ headers, body }, appSecret) => {
    const signatureHeader = `sha256=${String(headers['x-webhook-signature'])}`;
    return verifySignature({ appSecret, rawBody: body, signatureHeader });
  },
  meta: ({ headers, body }, appSecret) =>
    verifySignature({ appSecret, rawBody: body, signatureHeader: String(headers['x-hub-signature-256']) }),
  standard({ headers, body }, secret) {
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    try {
      const own = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
      return isObject(new Webhook(secret).verify(body, own));
    } catch {
      return false;
    }
  },
};

/** What of a delivery must be equal to what of a variant: Meta's words, wherever the dialect puts them. */
const TELLS: Record<WebhookDialect, (one: Heard, variant: Variant) => string | undefined> = {
  meta: ({ body }) => canonicalJson(jsonOf(body)),
  kirim({ body }, { event }) {
    const read = objectOf(body);
    // Of what the business wrote elsewhere Kirim tells in words of its own.
    if (event === 'message.sent') return textAt(read, 'data', 'message', 'provider_id');
    const { kirim: _beside, ...metas } = read;
    return canonicalJson(metas);
  },
  standard({ body }, { about }) {
    const data = objectOf(body)['data'];
    const metas = isObject(data) ? data['meta'] : undefined;
    return metas === undefined || (about === 'message' && !isObject(metas))
      ? undefined
      : canonicalJson(metas);
  },
  kapso({ body }, variant) {
    const read = objectOf(body);
    const message = read['message'];
    if (!isObject(message)) return canonicalJson(read);
    const { kapso: _ours, ...metas } = message;
    const told = messageOf(variant);
    if (told?.['context'] === undefined) delete metas['context'];
    return canonicalJson(metas);
  },
};

/** Meta's status in a body, wherever the dialect puts it. */
function statusIn(body: Json): JsonObject | undefined {
  const [entry] = objects(at(body, 'entry'));
  const [change] = objects(entry?.['changes']);
  const [inEnvelope] = objects(at(change ?? null, 'value', 'statuses'));
  if (inEnvelope) return inEnvelope;
  const meta = at(body, 'data', 'meta');
  if (isObject(meta) && meta['status'] !== undefined) return meta;
  return objects(at(body, 'message', 'kapso', 'statuses')).at(-1);
}

function wantedOf(dialect: WebhookDialect, variant: Variant): string {
  const whole = canonicalJson(bodyOf([variant]));
  const message = messageOf(variant);
  if (dialect === 'meta') return whole;
  if (dialect === 'kirim')
    return variant.event === 'message.sent' ? (textAt(message ?? null, 'id') ?? '') : whole;
  if (message) return canonicalJson(message);
  return dialect === 'kapso' ? whole : canonicalJson(variant.value);
}

function messageOf({ about, value }: Variant): JsonObject | undefined {
  if (about !== 'message' && about !== 'echo') return undefined;
  return objects(value[about === 'echo' ? 'message_echoes' : 'messages'])[0];
}

function listenerOf(dialect: WebhookDialect): { hook: Hook; secret: string } {
  const listener = listeners.get(dialect);
  if (!listener) throw new Error(`Nobody listens in ${dialect}.`);
  return listener;
}

function objectOf(body: string): JsonObject {
  const read = jsonOf(body);
  return isObject(read) ? read : {};
}

function textAt(json: Json, ...path: string[]): string | undefined {
  const found = at(json, ...path);
  return typeof found === 'string' ? found : undefined;
}

function at(json: Json, ...path: string[]): Json | undefined {
  let found: Json | undefined = json;
  for (const step of path) found = isObject(found) ? found[step] : undefined;
  return found;
}
