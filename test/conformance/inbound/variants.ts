// Every variant of what Meta's webhooks tell, as a table: each is kept, shown by the API, and told to subscribers in each dialect.
// Written by hand from the contract. All are of the number and the WABA of the house; the ids of their messages follow from their names.
import type { JsonObject } from '../../../src/kernel/json.ts';
import { WABA_ID } from '../../support/house.ts';
import { ADDRESS_BOOK, ECHOES, HISTORY } from './golden-coexistence.ts';
import { ACCOUNT, BESIDE_MESSAGES, NUMBERS, TEMPLATES, type Told } from './golden-fields.ts';
import { MESSAGES } from './golden-messages.ts';
import { SECONDS } from './golden-people.ts';

export interface Variant {
  name: string;
  /** The field of the change, as Meta names it. */
  field: string;
  /** The change's value, whole. */
  value: JsonObject;
  /** message: a customer's; echo: the business's own, written elsewhere; history: messages of long ago; change: any other field. */
  about: 'message' | 'echo' | 'history' | 'change';
  /** What subscribers hear of it. */
  event: string;
}

/** In the order in which Meta could tell them: an edit comes after what it edits. */
export const VARIANTS: readonly Variant[] = [
  ...Object.entries(MESSAGES).map(([name, value]) => ({
    name,
    field: 'messages',
    value,
    about: 'message' as const,
    event: eventOf(value, 'messages', 'message.received'),
  })),
  ...variantsOf(ECHOES, 'echo'),
  ...variantsOf(HISTORY, 'history'),
  ...variantsOf(ADDRESS_BOOK, 'change'),
  ...variantsOf(BESIDE_MESSAGES, 'change'),
  ...variantsOf(TEMPLATES, 'change'),
  ...variantsOf(NUMBERS, 'change'),
  ...variantsOf(ACCOUNT, 'change'),
];

/** The body of one POST that tells them, each as a change of its own. */
export function bodyOf(variants: readonly Variant[], wabaId: string = WABA_ID): JsonObject {
  return {
    object: 'whatsapp_business_account',
    entry: variants.map(({ field, value }) => ({
      id: wabaId,
      // Meta dates those about a WABA, which have no metadata.
      ...(value['metadata'] === undefined ? { time: SECONDS } : {}),
      changes: [{ value, field }],
    })),
  };
}

function variantsOf(told: Record<string, Told>, about: 'echo' | 'history' | 'change'): Variant[] {
  return Object.entries(told).map(([name, [field, value]]) => ({
    name,
    field,
    value,
    about,
    event: about === 'echo' ? eventOf(value, 'message_echoes', 'message.sent') : `meta.${field}`,
  }));
}

function eventOf(value: JsonObject, list: string, otherwise: string): string {
  const text = JSON.stringify(value[list] ?? []);
  if (text.includes('"type":"edit"')) return 'message.edited';
  return text.includes('"type":"revoke"') ? 'message.revoked' : otherwise;
}
