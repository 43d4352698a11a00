// An emoji put on a message; an empty one takes it away. No status beyond `sent` ever follows.
import { Type } from 'typebox';
import { fault } from './fault.ts';
import { characters, defineKind, exactly } from './kind.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export const reaction = defineKind({
  type: 'reaction',
  schema: exactly({
    message_id: characters(1, Infinity, 'The wamid of the message that is reacted to.'),
    emoji: Type.String({ maxLength: 40, description: 'One emoji, or "" to take the reaction away.' }),
  }),
  *faults(content) {
    if (content.emoji !== '' && !isOneEmoji(content.emoji))
      yield fault('reaction.emoji', 'must be one emoji, or empty');
  },
  preview: (content) => (content.emoji === '' ? 'Reaction taken away' : `Reacted ${content.emoji}`),
  example: {
    message_id: 'wamid.HBgNNjI4MTExMTExMTExMRUCABIYFDNBMDEyMzQ1Njc4OUFCQ0RFRjAxAA==',
    emoji: '👍',
  },
});

// Looser than Unicode's own list: phones send ❤ without its variation selector, and new emoji appear every year.
function isOneEmoji(text: string): boolean {
  if ([...graphemes.segment(text)].length !== 1) return false;
  return /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3/u.test(text);
}
