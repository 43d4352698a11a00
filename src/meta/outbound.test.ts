// The door for every send: what is refused, with which code and path, and what each field of the envelope comes to.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyBodies, mutations } from '../../test/support/arbitrary-outbound.ts';
import { KurirError } from '../kernel/errors.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { Fields } from './kinds/fault.ts';
import { KIND_NAMES } from './kinds/index.ts';
import { bodySchema, parseOutbound } from './outbound.ts';

const TO = { messaging_product: 'whatsapp', to: '+628111111111' };
const TEXT = { ...TO, type: 'text', text: { body: 'Halo' } };

function refused(body: JsonObject, fields: Fields = 'closed'): KurirError {
  try {
    parseOutbound(body, fields);
  } catch (error) {
    if (error instanceof KurirError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(body)}`);
}

/** `code param` of a refusal, short enough for a table. */
function why(body: JsonObject, fields: Fields = 'closed'): string {
  const error = refused(body, fields);
  return `${error.code} ${error.details.param ?? ''}`;
}

function template(components: Json): JsonObject {
  return { ...TO, type: 'template', template: { name: 'hello', language: { code: 'id' }, components } };
}

function interactive(content: JsonObject): JsonObject {
  return { ...TO, type: 'interactive', interactive: { body: { text: 'x' }, ...content } };
}

const reply = (id: string, title: string) => ({ type: 'reply', reply: { id, title } });
describe('any body', () => {
  test('a mutated one stays valid or is refused with a code, a path and a sentence', () => {
    fc.assert(
      fc.property(mutations(), fc.constantFrom<Fields>('closed', 'open'), (body, fields) => {
        try {
          parseOutbound(body, fields);
        } catch (error) {
          expect(error).toBeInstanceOf(KurirError);
          if (!(error instanceof KurirError)) return;
          expect(error.status).toBe(400);
          expect(error.details.param).toMatch(/./u);
          expect(error.message.startsWith(error.details.param ?? '?')).toBe(true);
          // The walk that words the fault found one: it agrees with the compiled schema.
          expect(error.message).not.toMatch(/expected form/);
          expect(error.message.length).toBeLessThan(600);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('what the closed dialect takes, the open ones take too', () => {
    fc.assert(
      fc.property(mutations(), (body) => {
        let closed;
        try {
          closed = parseOutbound(body, 'closed');
        } catch {
          // Refused: nothing to compare.
          return;
        }
        // The one spelling that only the closed dialect knows.
        const reply_buttons = JSON.stringify(body).includes('reply_buttons');
        if (!reply_buttons) expect(parseOutbound(body, 'open')).toEqual(closed);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a valid one with any further field is refused by the closed dialect and handed on by the open ones', () => {
    fc.assert(
      fc.property(anyBodies(), fc.constantFrom('zz', 'messaging_account_id', 'Type', 'a b'), (body, key) => {
        const more = { ...body, [key]: { any: ['thing'] } };
        expect(refused(more).code).toBe('invalid_field_value');
        expect(refused(more).details.param).toContain(key);
        expect(parseOutbound(more, 'open').body[key]).toEqual({ any: ['thing'] });
      }),
      { numRuns: 200 },
    );
  });

  test('the text of a message is never repeated in an error', () => {
    const secret = 'do-not-repeat-me';
    const bodies: JsonObject[] = [
      { ...TO, type: 'text', text: { body: secret.repeat(400) } },
      { ...TO, type: 'text', text: secret },
      { ...TEXT, to: secret },
      { ...TO, type: secret },
      { ...TO, type: 'image', image: { link: `ftp://${secret}` } },
      { ...TO, type: 'reaction', reaction: { message_id: 'x', emoji: secret } },
      { ...TO, recipient: secret, type: 'text', text: { body: 'x' } },
      interactive({ type: secret, action: {} }),
      template([{ type: secret }]),
    ];
    for (const body of bodies) expect(refused(body).message).not.toContain(secret);
  });
});

describe('the envelope', () => {
  test.each<[string, JsonObject]>([
    ['missing_required_field messaging_product', { to: '+628111111111', type: 'text', text: { body: 'x' } }],
    ['invalid_field_value messaging_product', { ...TEXT, messaging_product: 'sms' }],
    ['missing_required_field type', { ...TO }],
    ['invalid_field_value type', { ...TO, type: 7 }],
    ['invalid_field_value type', { ...TO, type: 'fax' }],
    ['invalid_field_value type', { ...TO, type: 'interactive.list' }],
    ['invalid_field_value type', { ...TO, type: 'TEXT', text: { body: 'x' } }],
    ['missing_required_field text', { ...TO, type: 'text' }],
    ['invalid_field_value text', { ...TO, type: 'text', text: [] }],
    ['invalid_field_value image', { ...TEXT, image: { id: '1' } }],
    ['missing_required_field to', { messaging_product: 'whatsapp', type: 'text', text: { body: 'x' } }],
    ['invalid_field_value to', { ...TEXT, to: 628111111111 }],
    ['invalid_field_value to', { ...TEXT, to: null }],
    ['invalid_field_value recipient_type', { ...TEXT, recipient_type: 'broadcast' }],
    ['invalid_field_value context', { ...TEXT, context: 'wamid.x' }],
    ['missing_required_field context.message_id', { ...TEXT, context: {} }],
    ['invalid_field_value context.message_id', { ...TEXT, context: { message_id: '' } }],
    ['invalid_field_value biz_opaque_callback_data', { ...TEXT, biz_opaque_callback_data: 'x'.repeat(513) }],
    ['invalid_field_value category', { ...TEXT, category: 'utility' }],
    ['invalid_field_value ["a b"]', { ...TEXT, 'a b': 1 }],
    ['missing_required_field interactive', { ...TO, type: 'interactive' }],
    ['invalid_field_value interactive', { ...TO, type: 'interactive', interactive: 'list' }],
    ['missing_required_field interactive.type', { ...TO, type: 'interactive', interactive: {} }],
    ['invalid_field_value interactive.type', { ...TO, type: 'interactive', interactive: { type: 3 } }],
    ['invalid_field_value interactive.type', { ...TO, type: 'interactive', interactive: { type: 'poll' } }],
  ])('%s', (expected, body) => {
    expect(why(body)).toBe(expected);
  });

  test('an unknown type says which there are', () => {
    expect(refused({ ...TO, type: 'fax' }).message).toBe(
      'type must be one of text, image, document, video, audio, sticker, location, contacts, reaction, template, interactive.',
    );
  });

  test('a length says what was expected and found, in code points', () => {
    const body = (text: string) => ({ ...TO, type: 'text', text: { body: text } });
    expect(refused(body('😀'.repeat(4097))).message).toBe(
      'text.body must have at most 4096 characters, found 4097.',
    );
    expect(parseOutbound(body('😀'.repeat(4096)), 'closed').kind).toBe('text');
    expect(refused(body('')).message).toBe('text.body must not be empty.');
  });

  test('the first fault in the order of reading is told', () => {
    expect(why({ ...TO, type: 'text', text: { body: '', preview_url: 1 } })).toBe(
      'invalid_field_value text.body',
    );
    expect(why({ ...TO, type: 'text', text: { preview_url: 1, body: '' } })).toBe(
      'invalid_field_value text.preview_url',
    );
    expect(why({ ...TO, type: 'text', text: { body: 'x', zz: 1 }, yy: 1 })).toBe(
      'invalid_field_value text.zz',
    );
  });

  test('the application’s own tag is taken out of what is said to Meta', () => {
    const message = parseOutbound(
      { ...TEXT, biz_opaque_callback_data: 'order-7', context: { message_id: 'wamid.x' } },
      'closed',
    );
    expect(message.callbackData).toBe('order-7');
    expect(message.body).toEqual({ ...TEXT, context: { message_id: 'wamid.x' } });
    expect(parseOutbound(TEXT, 'closed')).not.toHaveProperty('callbackData');
  });

  test('only templates are not free-form', () => {
    expect(parseOutbound(TEXT, 'closed').freeForm).toBe(true);
    expect(parseOutbound(template([]), 'closed').freeForm).toBe(false);
  });

  test('what was handed in is not changed', () => {
    const body = { ...TEXT, to: '62 811-1111111', biz_opaque_callback_data: 'x' };
    const before = structuredClone(body);
    parseOutbound(body, 'closed');
    expect(body).toEqual(before);
  });
});

describe('the recipient', () => {
  test.each(['+628111111111', '628111111111', '+62 811-111-1111', '(62) 811 1111111'])(
    '%s is a phone number',
    (to) => {
      const message = parseOutbound({ ...TEXT, to }, 'closed');
      expect(message).toMatchObject({ to, conversation: '628111111111', recipientType: 'individual' });
      expect(message.body['to']).toBe('+628111111111');
    },
  );

  test.each(['example', '', '+', '+62', '0811111111', '00628111111111', '+62811111111111111111', 'US.134'])(
    '%j is not',
    (to) => {
      for (const fields of ['closed', 'open'] as const)
        expect(why({ ...TEXT, to }, fields)).toBe('invalid_phone_number to');
    },
  );

  test('a business-scoped user id goes into recipient, and its owner is the conversation', () => {
    const { to: _, ...rest } = TEXT;
    const message = parseOutbound({ ...rest, recipient: 'US.13491208655302741918' }, 'closed');
    expect(message).toMatchObject({ to: 'US.13491208655302741918', conversation: 'US.13491208655302741918' });
    expect(message.body).toEqual({ ...rest, recipient: 'US.13491208655302741918' });
    expect(parseOutbound({ ...rest, recipient: 'US.ENT.11815799212886844830' }, 'open').conversation).toBe(
      'US.ENT.11815799212886844830',
    );
    expect(why({ ...rest, recipient: '+628111111111' })).toBe('invalid_field_value recipient');
    expect(refused({ ...TEXT, to: 'US.13491208655302741918' }).message).toMatch(/goes into recipient/);
  });

  test('to wins over recipient', () => {
    const message = parseOutbound({ ...TEXT, recipient: 'US.1' }, 'closed');
    expect(message.conversation).toBe('628111111111');
    expect(message.body['recipient']).toBe('US.1');
  });

  test('a group is named by its id, as it is', () => {
    const message = parseOutbound({ ...TEXT, recipient_type: 'group', to: 'Y2FwaV9ncm91cA==' }, 'closed');
    expect(message).toMatchObject({
      to: 'Y2FwaV9ncm91cA==',
      conversation: 'Y2FwaV9ncm91cA==',
      recipientType: 'group',
    });
    expect(message.body['to']).toBe('Y2FwaV9ncm91cA==');
    for (const to of ['', 'a\u0000', 'a\nb', 'x'.repeat(257)]) {
      expect(why({ ...TEXT, recipient_type: 'group', to })).toBe('invalid_field_value to');
    }
    const { to: _, ...rest } = TEXT;
    expect(why({ ...rest, recipient: 'US.1', recipient_type: 'group' })).toBe('missing_required_field to');
  });
});

describe('the open dialects', () => {
  test('type may be left out, or in capitals; product in any case; to may be a number', () => {
    const { type: _, ...untyped } = TEXT;
    expect(parseOutbound(untyped, 'open').body).toEqual(TEXT);
    expect(parseOutbound({ ...TEXT, type: 'TEXT' }, 'open').body).toEqual(TEXT);
    expect(parseOutbound({ ...TEXT, messaging_product: 'WHATSAPP' }, 'open').kind).toBe('text');
    const message = parseOutbound({ ...TEXT, to: 628111111111 }, 'open');
    expect(message).toMatchObject({ to: '628111111111', conversation: '628111111111', body: TEXT });
  });

  test('fields that are not known are handed on, those that are keep their limits', () => {
    const body = {
      ...TEXT,
      text: { body: 'x', tone: 'warm' },
      recipient_identity_key_hash: 'abc',
      message_activity_sharing: true,
    };
    expect(parseOutbound(body, 'open').body).toEqual(body);
    expect(why({ ...TEXT, text: { body: '', tone: 'warm' } }, 'open')).toBe('invalid_field_value text.body');
    expect(why({ ...TEXT, message_activity_sharing: 'yes' }, 'open')).toBe(
      'invalid_field_value message_activity_sharing',
    );
  });

  test('Meta’s own spelling is asked for: reply_buttons is the other dialect’s', () => {
    const content = { type: 'reply_buttons', action: { buttons: [reply('a', 'A')] } };
    expect(why(interactive(content), 'open')).toBe('invalid_field_value interactive.type');
    const message = parseOutbound(interactive(content), 'closed');
    expect(message.kind).toBe('interactive.button');
    expect(message.body['interactive']).toMatchObject({ type: 'button' });
  });

  test('links may be http, as Meta takes them', () => {
    const body = { ...TO, type: 'image', image: { link: 'http://cdn.example.com/a.jpg' } };
    expect(parseOutbound(body, 'open').body).toEqual(body);
    expect(why(body)).toBe('invalid_field_value image.link');
  });

  test('Direct Send: a time to live needs a category, and each category has its range', () => {
    expect(why({ ...TEXT, ttl_seconds: 60 }, 'open')).toBe('missing_required_field category');
    expect(why({ ...TEXT, category: 'marketing' }, 'open')).toBe('invalid_field_value category');
    expect(why({ ...template([]), category: 'utility' }, 'open')).toBe('invalid_field_value category');
    for (const [category, bad, good] of [
      ['utility', 43_201, 43_200],
      ['authentication', 901, 900],
      ['utility', 29, 30],
    ] as const) {
      expect(why({ ...TEXT, category, ttl_seconds: bad }, 'open')).toBe('invalid_field_value ttl_seconds');
      expect(parseOutbound({ ...TEXT, category, ttl_seconds: good }, 'open').body['ttl_seconds']).toBe(good);
    }
    expect(parseOutbound({ ...TEXT, category: 'utility' }, 'open').kind).toBe('text');
  });

  test('template parts that Meta may have added since are handed on', () => {
    const components = [
      { type: 'hologram', size: 3 },
      { type: 'hologram' },
      { type: 'button', sub_type: 'wink' },
    ];
    expect(parseOutbound(template(components), 'open').body['template']).toMatchObject({ components });
    expect(why(template(components))).toBe('invalid_field_value template.components[0].type');
    expect(why(template([{ type: 'button', sub_type: 'wink', index: 0 }]))).toBe(
      'invalid_field_value template.components[0].sub_type',
    );
    expect(why(template([{ sub_type: 'url' }]), 'open')).toBe(
      'missing_required_field template.components[0].type',
    );
  });

  test('the currency that one client misspells reaches Meta as it must', () => {
    const parameters = [
      { type: 'currency', currency: { fallback_value: '$1', code: 'USD', amount1000: 1000 } },
    ];
    const message = parseOutbound(template([{ type: 'body', parameters }]), 'open');
    expect(JSON.stringify(message.body)).toContain('"amount_1000":1000');
    expect(JSON.stringify(message.body)).not.toContain('amount1000');
  });
});

describe('the schemas', () => {
  test('every kind has one for its whole body, with a word on its fields', () => {
    for (const kind of KIND_NAMES) {
      const schema = JSON.stringify(bodySchema(kind, 'closed'));
      expect(schema).toContain('"description"');
      expect(schema).toContain('"additionalProperties":false');
      expect(JSON.stringify(bodySchema(kind, 'open'))).not.toContain('"additionalProperties":false');
    }
  });
});
