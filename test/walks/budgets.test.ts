// Budgets of an organisation: told with every answer to a caller who is known, kept apart for reads and writes, and refused with the
// moment at which to come again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { expectGraphError, expectKirimError } from '../support/expect-reply.ts';
import { PHONE_NUMBER_ID, startHouse, type House, type Reply } from '../support/house.ts';
import { startMetaByHand, type MetaByHand } from '../support/meta-by-hand.ts';

let meta: MetaByHand;
let house: House;

beforeAll(async () => {
  meta = await startMetaByHand();
  house = await startHouse({ config: { graphUrl: meta.url } });
});

afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await meta[Symbol.asyncDispose]();
});

const ASYNC = { prefer: 'respond-async' };
const HALO = textOf('Halo');
const EMPTY = textOf('');

function textOf(body: string): string {
  return JSON.stringify({ messaging_product: 'whatsapp', to: '+12025550160', type: 'text', text: { body } });
}

function post(body: string, headers: Record<string, string> = {}): Promise<Reply> {
  return house.request('POST', `/v1/${PHONE_NUMBER_ID}/messages`, body, headers);
}

describe('budgets', () => {
  const NAMES = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'] as const;
  const budgetOf = (reply: { headers: Headers }): (number | null)[] =>
    NAMES.map((name) => {
      const value = reply.headers.get(name);
      return value === null ? null : Number(value);
    });

  test('are told on a success and on every refusal of a caller who is known', async () => {
    const replies = [
      await house.request('GET', '/v1/me'),
      await house.request('GET', '/v1/messages?limit=0'),
      await house.request('GET', '/v1/messages/msg_x'),
      await post(HALO, ASYNC),
      await post(EMPTY),
      await post('{'),
      await post(HALO, { 'content-type': 'text/plain' }),
      await post('x'.repeat(300_000)),
      await house.request('POST', `/v24.0/${PHONE_NUMBER_ID}/messages`, '{'),
    ];
    for (const reply of replies) {
      const [limit, remaining, reset] = budgetOf(reply);
      expect(limit, `${reply.status} ${reply.text}`).toBeOneOf([60_000, 600_000]);
      expect(remaining).toBeLessThanOrEqual(limit ?? 0);
      expect(reset).toBeGreaterThan(1_700_000_000);
    }
  });

  test('are nobody’s where nobody is known', async () => {
    const reply = await house.request('GET', '/v1/me', undefined, { authorization: 'Bearer kur_live_no' });
    expectKirimError(reply, 'invalid_api_key');
    expect(budgetOf(reply)).toEqual([null, null, null]);
  });

  test('a key is asked for before the body is looked at', async () => {
    for (const body of ['{', EMPTY, 'x'.repeat(300_000)])
      expectKirimError(await post(body, { authorization: 'Bearer kur_live_no' }), 'invalid_api_key');
  });

  test('three a minute: the fourth is told when to come again, and the other class is untouched', async () => {
    const phoneNumberId = '506540352242926';
    const { organisationId, apiKey } = await house.addOrganisation('Hemat');
    await house.addNumber({ phoneNumberId, phone: '628511760008031', organisationId });
    await house.ctx.db.query(
      'update organisations set write_per_minute = 3, read_per_minute = 3 where id = $1',
      [organisationId],
    );
    const headers = { authorization: `Bearer ${apiKey}`, ...ASYNC };
    const send = (body: string): Promise<Reply> =>
      house.request('POST', `/v1/${phoneNumberId}/messages`, body, headers);
    const sent: Reply[] = [];
    for (const body of [HALO, HALO, EMPTY, HALO]) sent.push(await send(body));
    expect(sent.map((reply) => reply.status)).toEqual([200, 200, 400, 200]);
    // A refusal by schema costs nothing.
    expect(sent.map((reply) => budgetOf(reply).slice(0, 2))).toEqual([
      [3, 2],
      [3, 1],
      [3, 1],
      [3, 0],
    ]);
    const refused = await send(HALO);
    expectKirimError(refused, 'rate_limit_exceeded');
    expect(budgetOf(refused).slice(0, 2)).toEqual([3, 0]);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(20);
    const me = await house.request('GET', '/v1/me', undefined, headers);
    expect(me.body.data.rate_limits).toMatchObject({ write_per_minute: 3, read_per_minute: 3 });
    expect(budgetOf(me).slice(0, 2)).toEqual([3, 2]);
    const graph = await house.request('POST', `/v24.0/${phoneNumberId}/messages`, HALO, headers);
    expectGraphError(graph, { status: 429, code: 80007 });
    expect(graph.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });
});
