// `reaction`: one emoji on a message, or none to take it back.
import { isObject } from '../../src/kernel/json.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import { object, required, string } from './shape.ts';

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji}\uFE0F?\u20E3)/u;

export const reaction: Kind = {
  shape: object({ message_id: required(string(1000, 1)), emoji: required(string(100)) }),
  check(body) {
    const part = isObject(body['reaction']) ? body['reaction'] : {};
    const emoji = typeof part['emoji'] === 'string' ? part['emoji'] : '';
    if (emoji === '') return;
    const [first, ...more] = new Intl.Segmenter().segment(emoji);
    if (more.length > 0 || !first || !EMOJI.test(first.segment)) {
      throw refusal(131009, 'Reaction emoji is not valid. It must be exactly one emoji, or empty');
    }
  },
};
