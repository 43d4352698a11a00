// A form for a postal address. Meta offers it in India.
import { Type } from 'typebox';
import {
  anyHeader,
  body,
  footer,
  headerFaults,
  headerMedia,
  interactive,
  repeatFaults,
} from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

const texts = (description: string) => Type.Object({}, { additionalProperties: Type.String(), description });

const parameters = exactly({
  country: Type.Literal('IN', { description: 'ISO 3166.' }),
  values: Type.Optional(texts('What the form is filled with, by field.')),
  saved_addresses: Type.Optional(
    Type.Array(
      exactly({
        id: characters(1, Infinity, 'Comes back when it is chosen.'),
        value: texts('The address, by field.'),
      }),
    ),
  ),
  validation_errors: Type.Optional(texts('What was wrong with an earlier answer, by field.')),
});

export const interactiveAddressMessage = defineKind({
  type: 'interactive',
  schema: interactive('address_message', {
    header: Type.Optional(anyHeader),
    body,
    footer: Type.Optional(footer),
    action: exactly({ name: Type.Literal('address_message'), parameters }),
  }),
  *faults({ header, action }, fields) {
    yield* headerFaults(header, 'interactive.header', fields);
    const saved = action.parameters.saved_addresses ?? [];
    yield* repeatFaults(
      saved.map((one, i) => [`interactive.action.parameters.saved_addresses[${i}].id`, one.id]),
    );
  },
  mediaIn: ({ header }) => headerMedia(header, 'interactive.header'),
  preview: (content) => content.body.text,
  example: {
    type: 'address_message',
    body: { text: 'Where shall we send it?' },
    action: {
      name: 'address_message',
      parameters: {
        country: 'IN',
        values: { name: 'Asha Rao', phone_number: '+919876543210', in_pin_code: '400063' },
        saved_addresses: [
          { id: 'home', value: { address: 'Sea View 12', city: 'Mumbai', in_pin_code: '400063' } },
        ],
      },
    },
  },
});
