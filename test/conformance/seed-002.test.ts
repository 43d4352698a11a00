// Seed 002, Kirim's guide to a first message by the flat POST /v1/messages: who sends, each kind of content it shows, what is answered,
// how failures look, and its fallback to a template, which runs here as it is printed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { expectRefusal, expectSent } from '../support/envelopes.ts';
import { PHONE_NUMBER_ID, until, type Reply } from '../support/house.ts';
import { accepted, refusal, startTappedHouse, type TappedHouse } from '../support/meta-tap.ts';
import { customerWrites, tellStatuses } from '../support/meta-webhook.ts';

const CUSTOMER = '+628111111111';
const STRANGER = '+628222222222';
const LAPSED = '+628333333333';
const SECOND = { phoneNumberId: '106540352242923', phone: '628511760008030' };
const HOUR_MS = 3_600_000;
// Statuses come when a test posts them.
const NEVER = { sent: 1e9, delivered: 1e9, read: 1e9 };

const templates = [
  {
    name: 'order_confirmation',
    language: 'id_ID',
    status: 'APPROVED' as const,
    category: 'UTILITY' as const,
    components: [
      {
        type: 'BODY',
        text: 'Halo {{1}}, pesanan {{2}} sudah kami terima.',
        example: { body_text: [['John', 'ORD-12345']] },
      },
    ],
  },
  {
    name: 'reengagement',
    language: 'id_ID',
    status: 'APPROVED' as const,
    category: 'MARKETING' as const,
    components: [{ type: 'BODY', text: 'Sudah lama tidak bertemu!' }],
  },
];
const phones = [
  { phone: CUSTOMER, wroteMsAgo: 60_000 },
  { phone: STRANGER },
  { phone: LAPSED, wroteMsAgo: 25 * HOUR_MS },
];

function text(body: string, to = CUSTOMER): object {
  return { to, type: 'text', text: { body } };
}

let house: TappedHouse;
beforeAll(async () => {
  house = await startTappedHouse({ simulator: { templates, phones, statusDelaysMs: NEVER } });
  await heard(house, 2);
});
afterAll(() => house[Symbol.asyncDispose]());

async function heard(of: TappedHouse, messages: number): Promise<void> {
  await until('what the customers wrote', async () => {
    const found = await of.request('GET', '/v1/messages?direction=inbound');
    return found.body.data.length === messages;
  });
}

describe('who sends', () => {
  test('the only connected number, when `from` is left out', async () => {
    const reply = await house.request('POST', '/v1/messages', text('Halo dari Kirim'));
    expectSent(reply, { status: 202, to: CUSTOMER, type: 'text' });
    expect(house.tap.sends().at(-1)?.path).toMatch(new RegExp(`/${PHONE_NUMBER_ID}/messages$`));
  });

  test('the number in `from`, which several numbers make necessary', async () => {
    const numbers = [
      { phoneNumberId: PHONE_NUMBER_ID, displayPhoneNumber: '+628511760008029', verifiedName: 'Kopi Senja' },
      {
        phoneNumberId: SECOND.phoneNumberId,
        displayPhoneNumber: `+${SECOND.phone}`,
        verifiedName: 'Kopi Fajar',
      },
    ];
    await using two = await startTappedHouse({ simulator: { numbers, windowEnforced: false } });
    await two.addNumber(SECOND);
    await two.restart();
    expectRefusal(await two.request('POST', '/v1/messages', text('...')), {
      status: 400,
      type: 'invalid_request_error',
      code: 'missing_required_field',
      param: 'from',
    });
    for (const [from, phoneNumberId] of [
      ['+628511760008029', PHONE_NUMBER_ID],
      [SECOND.phone, SECOND.phoneNumberId],
    ]) {
      const reply = await two.request('POST', '/v1/messages', { from, ...text('...') });
      expectSent(reply, { status: 202, to: CUSTOMER, type: 'text' });
      expect(two.tap.sends().at(-1)?.path).toMatch(new RegExp(`/${phoneNumberId}/messages$`));
    }
  });

  test('nobody, when no number is connected', async () => {
    const { apiKey } = await house.addOrganisation('Tanpa nomor');
    const headers = { authorization: `Bearer ${apiKey}` };
    expectRefusal(await house.request('POST', '/v1/messages', text('...'), headers), {
      status: 422,
      type: 'invalid_request_error',
      code: 'whatsapp_number_not_verified',
    });
  });

  test.for([
    ['of another organisation or of nobody', '+628511769999999', 404, 'not_found', 'resource_not_found'],
    ['that is no phone number', 'kopi', 400, 'invalid_request_error', 'invalid_phone_number'],
    ['that is not even text', 628_511_760_008_029, 400, 'invalid_request_error', 'invalid_phone_number'],
  ] as const)('not a number %s', async ([_what, from, status, type, code]) => {
    const reply = await house.request('POST', '/v1/messages', { from, ...text('...') });
    expectRefusal(reply, { status, type, code, param: 'from' });
  });
});

describe('what is sent', () => {
  const button = { display_text: 'Lacak Pesanan', url: 'https://your-app.example.com/orders/12345' };
  const rows = [
    { id: 'billing', title: 'Tagihan', description: 'Tanya soal tagihan' },
    { id: 'tech', title: 'Teknis', description: 'Bug, error, kesulitan' },
  ];
  const components = [
    {
      type: 'body',
      parameters: [
        { type: 'text', text: 'John' },
        { type: 'text', text: 'ORD-12345' },
      ],
    },
  ];

  test.each([
    ['text', { body: 'Halo dari Kirim' }, undefined],
    [
      'template',
      { name: 'order_confirmation', language: 'id_ID', components },
      { name: 'order_confirmation', language: { code: 'id_ID' }, components },
    ],
    [
      'interactive',
      {
        type: 'cta_url',
        body: { text: 'Klik untuk melacak pesanan Anda.' },
        action: { name: 'cta_url', parameters: button },
      },
      undefined,
    ],
    [
      'interactive',
      {
        type: 'list',
        header: { type: 'text', text: 'Pilih layanan' },
        body: { text: 'Layanan apa yang Anda butuhkan?' },
        footer: { text: 'Pilih satu' },
        action: { button: 'Lihat opsi', sections: [{ title: 'Bantuan', rows }] },
      },
      undefined,
    ],
  ])('%s %j reaches Meta as Meta writes it', async (type, content, meta) => {
    const reply = await house.request('POST', '/v1/messages', { to: CUSTOMER, type, [type]: content });
    expectSent(reply, { status: 202, to: CUSTOMER, type });
    expect(lastSaid()).toEqual({
      messaging_product: 'whatsapp',
      to: CUSTOMER,
      type,
      [type]: meta ?? content,
    });
  });

  const cdn = 'https://your-cdn.example.com';
  test.each([
    ['image', { url: `${cdn}/screenshot.jpg`, caption: 'Lihat tangkapan layar' }],
    ['image', { url: `${cdn}/screenshot.jpg` }],
    ['document', { url: `${cdn}/invoice.pdf`, caption: 'Tagihan', filename: 'invoice.pdf' }],
    ['video', { url: `${cdn}/tour.mp4`, caption: 'Tur' }],
    ['audio', { url: `${cdn}/jingle.mp3` }],
  ])('%s %j: the url is Meta’s link', async (type, content) => {
    const reply = await house.request('POST', '/v1/messages', { to: CUSTOMER, type, [type]: content });
    expectSent(reply, { status: 202, to: CUSTOMER, type });
    const { url: link, ...rest } = content;
    expect(lastSaid()).toEqual({
      messaging_product: 'whatsapp',
      to: CUSTOMER,
      type,
      [type]: { ...rest, link },
    });
  });

  test.each([
    ['text.body', { type: 'text', text: { body: '' } }],
    ['text.body', { type: 'text', text: { body: 'x'.repeat(4097) } }],
    ['image.url', { type: 'image', image: { url: 'http://your-cdn.example.com/a.jpg' } }],
    ['image.caption', { type: 'image', image: { url: `${cdn}/a.jpg`, caption: 'x'.repeat(1025) } }],
    ['video.filename', { type: 'video', video: { url: `${cdn}/a.mp4`, filename: 'a.mp4' } }],
  ])('past a limit is refused by the name of the field as it was written: %s', async (param, content) => {
    expectRefusal(await house.request('POST', '/v1/messages', { to: CUSTOMER, ...content }), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_field_value',
      param,
    });
  });

  test('at a limit is taken: 4096 characters of text, 1024 of a caption', async () => {
    const image = { url: `${cdn}/a.jpg`, caption: 'é'.repeat(1024) };
    const replies = [
      await house.request('POST', '/v1/messages', text('x'.repeat(4096))),
      await house.request('POST', '/v1/messages', { to: CUSTOMER, type: 'image', image }),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([202, 202]);
  });

  test('with the recipient as a placeholder is refused, naming `to`', async () => {
    expectRefusal(await house.request('POST', '/v1/messages', text('Halo', 'example')), {
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_phone_number',
      param: 'to',
    });
  });

  test('the customer’s choice from the list comes back with its id', async () => {
    const list = { type: 'list_reply', list_reply: { id: 'billing', title: 'Tagihan' } };
    const wamid = await customerWrites(house, { type: 'interactive', interactive: list });
    const found = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages?direction=inbound`);
    const message = found.body.data.find((one: { message_id: string }) => one.message_id === wamid);
    expect(message).toMatchObject({
      type: 'interactive',
      interactive: { type: 'list_reply', id: 'billing', title: 'Tagihan' },
    });
  });

  function lastSaid(): object {
    const { biz_opaque_callback_data: _token, ...said } = house.tap.sends().at(-1)?.body ?? {};
    return said;
  }
});

describe('what is answered', () => {
  test('pending, and then by Meta’s word sent, delivered, read', async () => {
    const reply = await house.request('POST', '/v1/messages', text('Halo'));
    expectSent(reply, { status: 202, to: CUSTOMER, type: 'text' });
    expect(reply.body.data.status).toBe('pending');
    const { id, message_id: wamid } = reply.body.data;
    for (const status of ['sent', 'delivered', 'read'] as const) {
      await tellStatuses(house, { wamid, status });
      expect((await house.request('GET', `/v1/messages/${id}`)).body.data.status).toBe(status);
    }
  });

  test('with its Idempotency-Key, sent once however often the network blinks', async () => {
    const before = house.tap.sends().length;
    const headers = { 'Idempotency-Key': '5f6e7d8c-0000-4000-8000-000000000001' };
    const replies: Reply[] = [];
    for (let i = 0; i < 3; i++)
      replies.push(await house.request('POST', '/v1/messages', text('Halo'), headers));
    expect(new Set(replies.map((reply) => JSON.stringify([reply.status, reply.body.data]))).size).toBe(1);
    expect(replies.map((reply) => reply.headers.get('idempotent-replayed'))).toEqual([
      'false',
      'true',
      'true',
    ]);
    expect(house.tap.sends()).toHaveLength(before + 1);
  });
});

describe('a fatal error of Meta’s', () => {
  // Kirim's codes and Meta's, as its catalogue pairs them.
  const catalogue = [
    ['outside_24h_window', 131_047],
    ['template_paused', 132_015],
    ['template_disabled', 132_016],
    ['template_param_count_mismatch', 132_000],
    ['template_param_format_mismatch', 132_001],
    ['recipient_not_on_whatsapp', 1006],
    ['recipient_blocked', 1013],
    ['media_download_failed', 131_053],
  ] as const;

  test.each(catalogue)('%s, told in the answer to the call', async (code, providerCode) => {
    house.tap.rule(() => refusal(providerCode, { details: 'What Meta said.' }));
    const reply = await house.request('POST', '/v1/messages', text('Halo'));
    house.tap.rule(() => 'pass');
    expectSent(reply, { status: 202, to: CUSTOMER, type: 'text' });
    const error = { code, message: 'What Meta said.', provider_code: providerCode };
    expect(reply.body.data).toMatchObject({ status: 'failed', error });
    const kept = await house.request('GET', `/v1/messages/${reply.body.data.id}`);
    expect(kept.body.data).toMatchObject({ status: 'failed', error });
  });

  test.each(catalogue)('%s, told by webhook', async (code, providerCode) => {
    house.tap.rule(() => accepted());
    const reply = await house.request('POST', '/v1/messages', text('Halo'));
    house.tap.rule(() => 'pass');
    const { id, message_id: wamid } = reply.body.data;
    await tellStatuses(house, { wamid, status: 'failed', code: providerCode });
    const kept = await house.request('GET', `/v1/messages/${id}`);
    expect(kept.body.data).toMatchObject({
      status: 'failed',
      error: { code, message: expect.any(String), provider_code: providerCode },
    });
  });
});

describe('the fallback to a template', () => {
  interface SendAnswer {
    data: { id: string; status: string; error?: { code: string; provider_code: number | null } };
  }
  interface TextSendBody {
    to: string;
    type: 'text';
    text: { body: string };
  }

  function fallbackOf(of: TappedHouse): {
    answers: SendAnswer[];
    run: (payload: TextSendBody) => Promise<SendAnswer>;
  } {
    const answers: SendAnswer[] = [];
    async function send(body: object): Promise<SendAnswer> {
      const response = await fetch(`${of.gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${of.apiKey}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer: SendAnswer = JSON.parse(await response.text());
      answers.push(answer);
      return answer;
    }
    async function sendWithFallback(payload: TextSendBody): Promise<SendAnswer> {
      const res = await send(payload);
      if (res.data.status === 'failed' && res.data.error?.code === 'outside_24h_window') {
        return send({
          to: payload.to,
          type: 'template',
          template: { name: 'reengagement', language: 'id_ID' },
        });
      }
      return res;
    }
    return { answers, run: sendWithFallback };
  }

  test.each([
    ['who never wrote', STRANGER],
    ['whose window has closed', LAPSED],
  ])('reaches a customer %s', async (_who, to) => {
    await using away = await startTappedHouse({ simulator: { templates, phones } });
    await heard(away, 2);
    const fallback = fallbackOf(away);
    const res = await fallback.run({ to, type: 'text', text: { body: 'Halo' } });
    expect(fallback.answers).toHaveLength(2);
    expect(fallback.answers[0]?.data).toMatchObject({
      status: 'failed',
      error: { code: 'outside_24h_window', provider_code: 131_047 },
    });
    expect(['pending', 'sent', 'delivered']).toContain(res.data.status);
    const [failed, template] = away.simulator.control.messages({ to });
    expect(failed).toMatchObject({ type: 'text', status: 'failed' });
    expect(template?.payload['template']).toEqual({ name: 'reengagement', language: { code: 'id_ID' } });
    await until('the template is delivered', async () => {
      const shown = await away.request('GET', `/v1/messages/${res.data.id}`);
      return shown.body.data.status === 'delivered';
    });
  });

  test('is not taken for a customer who wrote a minute ago', async () => {
    const fallback = fallbackOf(house);
    const res = await fallback.run({ to: CUSTOMER, type: 'text', text: { body: 'Halo' } });
    expect(fallback.answers).toHaveLength(1);
    expect(res.data.status).toBe('pending');
  });
});
