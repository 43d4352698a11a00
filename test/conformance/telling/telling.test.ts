// What holds in every dialect: whatever a person types, whatever Meta invents, a body says the same as the event, and headers can be sent.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { metaTelling } from '../../../src/dialects/graph/tell-event.ts';
import { kapsoTelling } from '../../../src/dialects/kapso/tell-event.ts';
import { kirimTelling } from '../../../src/dialects/kirim/tell-event.ts';
import { standardTelling } from '../../../src/dialects/standard/tell-event.ts';
import type { Event } from '../../../src/events/event.ts';
import { isObject, jsonOf, type Json, type JsonObject } from '../../../src/kernel/json.ts';
import { WEBHOOK_DIALECTS, type Tellings, type WebhookDialect } from '../../../src/webhooks/telling.ts';
import { seedOfRun } from '../../support/seed-of-run.ts';
import { ABOUT, ECHO, SAMPLES, status } from './sample-events.ts';
import { signing } from './signing.ts';

const TELLINGS: Tellings = {
  kirim: kirimTelling,
  kapso: kapsoTelling,
  meta: metaTelling,
  standard: standardTelling,
};

// What can stand in the database: no NUL and no half of a pair, which are mended at the door.
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('__proto__', '👨‍👩‍👧', '\u2028"\\/@\u007f'),
  )
  .map((text) => text.replaceAll('\0', '').toWellFormed());
const anyJson = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.constantFrom(null, true, false),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(
      anyText.filter((key) => key !== '__proto__'),
      tie('json'),
      { maxKeys: 3 },
    ),
  ),
})).json;
const anyObject = fc.dictionary(
  fc
    .oneof(anyText, fc.constantFrom('id', 'type', 'text', 'context', 'group_id', 'constructor'))
    .filter((key) => key !== '__proto__'),
  anyJson,
  { maxKeys: 6 },
);
const anyType = fc.oneof(
  fc.constantFrom(
    'text',
    'interactive',
    'contacts',
    'order',
    'edit',
    'image',
    'reaction',
    'id',
    'constructor',
    '__proto__',
  ),
  anyText,
);

const anyEvent: fc.Arbitrary<Event> = fc
  .record({
    body: anyObject,
    type: anyType,
    content: anyJson,
    words: anyText,
    name: anyText,
    which: fc.nat(4),
  })
  .map(({ body, type, content, words, name, which }) => {
    const said: JsonObject = { ...body, type };
    if (type !== '__proto__') said[type] = content;
    if (type === 'id' || type === 'type') said['type'] = type;
    const person = { ...ABOUT.person, name, phone: null };
    const about = { person, wamid: words };
    const received = SAMPLES['message.received'];
    const sent = status('failed', said);
    const outbound = { ...sent.outbound, type, body: said, callbackData: words };
    const events: Event[] = [
      { ...received, ...about, message: said, contacts: [body], errors: [body] },
      { ...SAMPLES['message.edited'], ...about, field: 'message_echoes', message: said },
      { ...sent, ...about, contacts: [body], outbound },
      { ...ECHO, ...about, outbound, echo: { field: 'smb_message_echoes', message: said, contacts: [body] } },
      { ...SAMPLES['meta.account_update'], type: `meta.${words}`, field: words, value: said },
    ];
    return events[which] ?? received;
  });

const seed = seedOfRun('what dialects tell');

test.each(WEBHOOK_DIALECTS)('whatever is said, %s says it too', (dialect) => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const rendered = TELLINGS[dialect].render(event);
      if (!rendered) throw new Error(`${event.type} is not told.`);
      const body = jsonOf(rendered.body);
      expect(rendered.body.isWellFormed()).toBe(true);
      // What Meta said stands in it, untouched.
      expect(WORDS[dialect](body, event)).toEqual(jsonOf(JSON.stringify(metasWords(event))));
      for (const [name, value] of Object.entries(TELLINGS[dialect].headers(signing(rendered)))) {
        validateHeaderName(name);
        validateHeaderValue(name, value);
      }
    }),
    { numRuns: 400, seed },
  );
});

function metasWords(event: Event): Json {
  if ('value' in event) return event.value;
  if ('told' in event) return event.told;
  if ('echo' in event) return event.echo?.message ?? null;
  return 'message' in event ? event.message : null;
}

/** Where each dialect has them. */
const WORDS: Record<WebhookDialect, (body: Json, event: Event) => Json | undefined> = {
  meta: inEnvelope,
  // The contract of `message.sent` has no place for Meta's words.
  kirim: (body, event) => (event.type === 'message.sent' ? metasWords(event) : inEnvelope(body)),
  standard: (body) => at(body, 'data', 'meta'),
  kapso(body, event) {
    if ('value' in event) return inEnvelope(body);
    if ('told' in event) {
      const statuses = at(body, 'message', 'kapso', 'statuses');
      return Array.isArray(statuses) ? statuses.at(-1) : undefined;
    }
    const message = at(body, 'message');
    if (!isObject(message)) return message;
    const { kapso: _ours, ...metas } = message;
    const told = metasWords(event);
    if (isObject(told) && told['context'] === undefined) delete metas['context'];
    return metas;
  },
};

function inEnvelope(body: Json): Json | undefined {
  const value = at(body, 'entry', 0, 'changes', 0, 'value');
  if (at(value, 'messaging_product') !== 'whatsapp') return value;
  for (const list of ['messages', 'statuses', 'message_echoes'])
    if (at(value, list) !== undefined) return at(value, list, 0);
  return value;
}

function at(json: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let found = json;
  for (const step of path)
    found = Array.isArray(found) ? found[Number(step)] : isObject(found) ? found[step] : undefined;
  return found;
}
