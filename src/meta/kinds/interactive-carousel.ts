// Two to ten cards to swipe through, all of one make: the same sort of media, the same sort and number of buttons.
import { Type, type Static } from 'typebox';
import { fault, missing, type Fault, type Fields } from './fault.ts';
import {
  body,
  headerFaults,
  headerMedia,
  interactive,
  linkButton,
  mediaHeader,
  repeatFaults,
} from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';
import { linkFaults } from './media.ts';

const CARDS_MAX = 10;
const LINE_BREAKS_MAX = 2;

const index = Type.Integer({ minimum: 0, maximum: CARDS_MAX - 1, description: 'The card’s place, from 0.' });
const cardBody = Type.Optional(exactly({ text: characters(1, 160, 'At most two line breaks.') }));

const quickReply = exactly({
  type: Type.Literal('quick_reply'),
  quick_reply: exactly({
    id: characters(1, 256, 'Comes back when the button is tapped.'),
    title: characters(1, 20, 'The button’s label.'),
  }),
});

const mediaCard = exactly({
  card_index: index,
  type: Type.Literal('cta_url'),
  header: mediaHeader,
  body: cardBody,
  action: exactly(
    {
      name: Type.Optional(Type.Literal('cta_url')),
      parameters: Type.Optional(linkButton),
      buttons: Type.Optional(Type.Array(quickReply, { minItems: 1, maxItems: 10 })),
    },
    'Either name and parameters (one button that opens an address), or buttons (quick replies).',
  ),
});

const productCard = exactly({
  card_index: index,
  type: Type.Literal('product'),
  body: cardBody,
  action: exactly({
    catalog_id: characters(1, Infinity, 'The catalogue.'),
    product_retailer_id: characters(1, Infinity, 'The product’s id in the catalogue.'),
  }),
});

const card = Type.Union([mediaCard, productCard]);
type Card = Static<typeof card>;

export const interactiveCarousel = defineKind({
  type: 'interactive',
  schema: interactive('carousel', {
    body,
    action: exactly({ cards: Type.Array(card, { minItems: 2, maxItems: CARDS_MAX }) }),
  }),
  *faults({ action: { cards } }, fields) {
    const path = 'interactive.action.cards';
    yield* repeatFaults(cards.map((one, i) => [`${path}[${i}].card_index`, one.card_index]));
    for (const [i, one] of cards.entries()) yield* cardFaults(one, `${path}[${i}]`, fields);
    const [first, ...others] = cards;
    for (const [i, one] of others.entries()) if (first) yield* differences(first, one, `${path}[${i + 1}]`);
  },
  *mediaIn({ action }) {
    for (const [i, one] of action.cards.entries()) {
      if (one.type === 'cta_url') yield* headerMedia(one.header, `interactive.action.cards[${i}].header`);
    }
  },
  preview: (content) => `${content.body.text} (${content.action.cards.length} cards)`,
  example: {
    type: 'carousel',
    body: { text: 'New in our shop this week:' },
    action: {
      cards: [
        {
          card_index: 0,
          type: 'cta_url',
          header: { type: 'image', image: { link: 'https://cdn.example.com/teapot.jpg' } },
          body: { text: 'A teapot for two' },
          action: {
            name: 'cta_url',
            parameters: { display_text: 'Look at it', url: 'https://shop.example.com/teapot' },
          },
        },
        {
          card_index: 1,
          type: 'cta_url',
          header: { type: 'image', image: { link: 'https://cdn.example.com/cups.jpg' } },
          body: { text: 'Six cups, blue' },
          action: {
            name: 'cta_url',
            parameters: { display_text: 'Look at it', url: 'https://shop.example.com/cups' },
          },
        },
      ],
    },
  },
});

function* cardFaults(one: Card, path: string, fields: Fields): Iterable<Fault> {
  if ((one.body?.text.split(/\r\n|\n|\r/u).length ?? 1) - 1 > LINE_BREAKS_MAX) {
    yield fault(`${path}.body.text`, `must have at most ${LINE_BREAKS_MAX} line breaks`);
  }
  if (one.type !== 'cta_url') return;
  const { name, parameters, buttons } = one.action;
  yield* headerFaults(one.header, `${path}.header`, fields);
  if (buttons === undefined && parameters === undefined) yield missing(`${path}.action.parameters`);
  if (buttons === undefined && name === undefined) yield missing(`${path}.action.name`);
  if (buttons !== undefined && parameters !== undefined) {
    yield fault(`${path}.action`, 'must have either parameters or buttons, found both');
  }
  if (parameters) yield* linkFaults(parameters.url, `${path}.action.parameters.url`, fields);
  const at = (i: number) => `${path}.action.buttons[${i}].quick_reply.id`;
  yield* repeatFaults((buttons ?? []).map((button, i) => [at(i), button.quick_reply.id]));
}

function* differences(first: Card, one: Card, path: string): Iterable<Fault> {
  if (one.type !== first.type) yield fault(`${path}.type`, 'must be that of the first card');
  if (one.type !== 'cta_url' || first.type !== 'cta_url') return;
  if (one.header.type !== first.header.type)
    yield fault(`${path}.header.type`, 'must be that of the first card');
  if ((one.action.buttons?.length ?? 0) !== (first.action.buttons?.length ?? 0)) {
    yield fault(`${path}.action`, 'must have the same sort and number of buttons as the first card');
  }
}
