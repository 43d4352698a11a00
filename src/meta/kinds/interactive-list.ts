// A list to choose one row from: at most ten rows in all sections together.
import { Type } from 'typebox';
import { fault, missing } from './fault.ts';
import { footer, interactive, longBody, repeatFaults, textHeader } from './interactive-parts.ts';
import { characters, defineKind, exactly } from './kind.ts';

const ROWS_MAX = 10;

const row = exactly({
  id: characters(1, 200, 'Comes back when the row is chosen.'),
  title: characters(1, 24, 'The row’s text.'),
  description: Type.Optional(characters(0, 72, 'A second, smaller line.')),
});

const section = exactly({
  title: Type.Optional(characters(1, 24, 'Required when there is more than one section.')),
  rows: Type.Array(row, { minItems: 1, maxItems: ROWS_MAX }),
});

export const interactiveList = defineKind({
  type: 'interactive',
  schema: interactive('list', {
    header: Type.Optional(textHeader),
    body: longBody,
    footer: Type.Optional(footer),
    action: exactly({
      button: characters(1, 20, 'The label of the button that opens the list.'),
      sections: Type.Array(section, { minItems: 1, maxItems: 10 }),
    }),
  }),
  *faults({ action: { sections } }) {
    const path = 'interactive.action.sections';
    for (const [i, one] of sections.entries()) {
      if (one.title === undefined && sections.length > 1) {
        yield missing(`${path}[${i}].title`, 'is required when there is more than one section');
      }
    }
    const rows = sections.flatMap((one, i) =>
      one.rows.map(({ id }, k) => [`${path}[${i}].rows[${k}].id`, id] as const),
    );
    yield* repeatFaults(rows);
    if (rows.length > ROWS_MAX)
      yield fault(path, `must have at most ${ROWS_MAX} rows in all sections, found ${rows.length}`);
  },
  preview: (content) => `${content.body.text} [${content.action.button}]`,
  example: {
    type: 'list',
    header: { type: 'text', text: 'How can we help?' },
    body: { text: 'Choose what your question is about.' },
    footer: { text: 'We answer within the hour' },
    action: {
      button: 'Show topics',
      sections: [
        {
          title: 'Orders',
          rows: [
            { id: 'where', title: 'Where is my order?', description: 'Follow a parcel' },
            { id: 'return', title: 'Send something back' },
          ],
        },
        {
          title: 'Account',
          rows: [{ id: 'invoice', title: 'Invoices', description: 'Copies and corrections' }],
        },
      ],
    },
  },
});
