// What a message must be like to be meant: every field that is given must fit. The differences are kept apart, so that a wait
// in vain can say what came nearest.
import { ControlRefusal } from '../control-refusal.ts';
import { part, word } from '../json-parts.ts';
import { Type, type Static } from 'typebox';

import { shownText } from '../shown-text.ts';
import type { Simulation } from '../simulation.ts';
import type { Message } from '../world.ts';
import { statusOf } from './message-view.ts';

export const MessageMatch = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'The wamid.' })),
    direction: Type.Optional(Type.Union([Type.Literal('inbound'), Type.Literal('outbound')])),
    to: Type.Optional(Type.String()),
    from: Type.Optional(Type.String()),
    phone_number_id: Type.Optional(Type.String()),
    type: Type.Optional(Type.String({ description: 'The type, or of interactive messages their own type.' })),
    template: Type.Optional(Type.String({ description: 'The name of the template.' })),
    text: Type.Optional(Type.String({ description: 'A part of the text shown, or /an expression/i.' })),
    status: Type.Optional(Type.String()),
    biz_opaque_callback_data: Type.Optional(Type.String()),
    since: Type.Optional(Type.String({ description: 'An ISO time; only messages from then on.' })),
  },
  { additionalProperties: false },
);

export type MessageMatch = Static<typeof MessageMatch>;

export interface Difference {
  field: string;
  expected: string;
  actual: string;
}

/** The messages that could be meant, oldest first: one customer's, when the match names one. */
export function candidatesFor(sim: Simulation, match: MessageMatch): Iterable<Message> {
  const { world } = sim;
  if (match.id !== undefined) {
    const message = world.messages.get(match.id);
    return message ? [message] : [];
  }
  for (const phone of [match.to, match.from]) {
    const thread = phone === undefined ? undefined : world.threads.get(digitsOf(phone));
    if (thread) return thread;
  }
  return world.messages.values();
}

export function differences(sim: Simulation, message: Message, match: MessageMatch): Difference[] {
  const out: Difference[] = [];
  for (const [field, expected] of Object.entries(match)) {
    if (expected === undefined) continue;
    const actual = FIELDS[field]?.(sim, message) ?? '';
    if (!fits(field, expected, actual)) out.push({ field, expected, actual });
  }
  return out;
}

export function digitsOf(phone: string): string {
  return /[A-Za-z]/.test(phone) ? phone : phone.replaceAll(/\D/g, '');
}

const FIELDS: { readonly [field: string]: (sim: Simulation, message: Message) => string } = {
  id: (_sim, { fact }) => fact.wamid,
  direction: (_sim, { direction }) => direction,
  to: (sim, message) => (message.direction === 'outbound' ? message.fact.phone : businessOf(sim, message)),
  from: (sim, message) => (message.direction === 'inbound' ? message.fact.phone : businessOf(sim, message)),
  phone_number_id: (_sim, { fact }) => fact.number,
  type: (_sim, message) => (message.direction === 'outbound' ? message.fact.kind : message.fact.type),
  template: (_sim, message) =>
    message.direction === 'outbound' ? word(part(message.fact.payload, 'template')['name']) : '',
  text: shownText,
  status: (_sim, message) => statusOf(message),
  biz_opaque_callback_data: (_sim, message) =>
    message.direction === 'outbound' ? (message.fact.token ?? '') : '',
  since: (_sim, { fact }) => new Date(fact.at).toISOString(),
};

function fits(field: string, expected: string, actual: string): boolean {
  if (field === 'to' || field === 'from') return digitsOf(expected) === actual;
  if (field === 'since') return Date.parse(actual) >= Date.parse(expected);
  if (field !== 'text') return expected === actual;
  const expression = expressionIn(expected);
  return expression ? expression.test(actual) : actual.includes(expected);
}

// `/an expression/i`
function expressionIn(text: string): RegExp | null {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/.exec(text) ?? [];
  if (source === undefined) return null;
  try {
    return new RegExp(source, flags);
  } catch {
    throw new ControlRefusal('invalid_request', `${text} is no regular expression.`, { param: 'text' });
  }
}

function businessOf(sim: Simulation, message: Message): string {
  return sim.world.numbers.get(message.fact.number)?.digits ?? '';
}
