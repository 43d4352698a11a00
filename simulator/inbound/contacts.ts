// Contact cards that a customer shares.
import { ControlRefusal } from '../control-refusal.ts';
import type { Variant } from './variant.ts';

export const contacts: Variant = (given) => {
  const cards = given['contacts'];
  if (!Array.isArray(cards) || cards.length === 0) {
    throw new ControlRefusal('invalid_request', 'contacts must be a list of cards.', { param: 'contacts' });
  }
  return { type: 'contacts', body: { contacts: cards } };
};
