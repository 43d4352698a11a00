// Bodies for property tests: valid ones of every kind, with optional fields and limits at their edges, written from Meta's
// pages and not from our schemas; and mutations of them, of which none may end in anything but an answer with a `param`.
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/kernel/json.ts';
import { KIND_NAMES, KINDS, type KindName } from '../../src/meta/kinds/index.ts';
import { interactiveContents } from './arbitrary-interactive.ts';
import {
  caption,
  freeText,
  ids,
  listOf,
  media,
  places,
  shaped,
  texts,
  type Content,
} from './arbitrary-parts.ts';
import { templates } from './arbitrary-template.ts';

const cards = shaped(
  {
    name: shaped(
      // Older pages of Meta's ask for one more part beside the whole name.
      { formatted_name: texts(1, 200), first_name: texts(1, 60) },
      {
        middle_name: freeText,
        last_name: freeText,
        prefix: freeText,
        suffix: freeText,
      },
    ),
  },
  {
    phones: listOf(shaped({}, { phone: freeText, type: freeText, wa_id: ids }), 0, 3),
    emails: listOf(shaped({}, { email: freeText, type: freeText }), 0, 3),
    addresses: listOf(
      shaped(
        {},
        { street: freeText, city: freeText, state: freeText, zip: freeText, country_code: freeText },
      ),
      0,
      2,
    ),
    urls: listOf(shaped({}, { url: freeText, type: freeText }), 0, 2),
    org: shaped({}, { company: freeText, department: freeText, title: freeText }),
    birthday: fc.constantFrom('1990-05-17', '2000-12-31', '1908-01-01'),
  },
);

const CONTENTS: Partial<Record<KindName, Content>> = {
  text: shaped({ body: texts(1, 4096) }, { preview_url: fc.boolean() }),
  image: media({ caption }),
  video: media({ caption }),
  document: media({ caption, filename: texts(1, 240) }),
  audio: media({ voice: fc.boolean() }),
  sticker: media(),
  location: places,
  contacts: fc.oneof(
    { weight: 9, arbitrary: listOf(cards, 1, 4) },
    {
      weight: 1,
      arbitrary: fc.constant(
        Array.from({ length: 257 }, () => ({ name: { formatted_name: 'x', first_name: 'x' } })),
      ),
    },
  ),
  reaction: shaped({ message_id: ids, emoji: fc.constantFrom('', '👍', '❤️', '❤', '👩🏽‍🚀', '🇮🇩', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿') }),
  template: templates,
  ...interactiveContents,
};

/** The content object of a kind; of a kind that nobody wrote an arbitrary for, its example. */
export function contents(kind: KindName): Content {
  const { type, example } = KINDS[kind];
  return CONTENTS[kind] ?? fc.constant(example[type] ?? null);
}

/** Phone numbers as they go to Meta. */
export const phones = fc.constantFrom(
  '+628111111111',
  '+628222222222',
  '+6281234567890',
  '+16505551234',
  '+5511912345678',
  '+447700900123',
);

const people = shaped({ to: phones }, { recipient_type: fc.constant('individual') });
const users = shaped({ recipient: fc.stringMatching(/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/) });
const groups = shaped({ recipient_type: fc.constant('group'), to: ids });
const quoted = shaped({ message_id: ids });

/** Who a message goes to: mostly phone numbers. */
export const recipients = fc.oneof(
  { weight: 4, arbitrary: people },
  { weight: 1, arbitrary: users },
  { weight: 1, arbitrary: groups },
);

/** Whole valid bodies of one kind, in the form in which they go to Meta (but for `biz_opaque_callback_data`). */
export function bodies(kind: KindName, to: fc.Arbitrary<JsonObject> = recipients): fc.Arbitrary<JsonObject> {
  const { type } = KINDS[kind];
  const rest = shaped(
    { [type]: contents(kind) },
    { context: quoted, biz_opaque_callback_data: texts(0, 512) },
  );
  const product = fc.constant({ messaging_product: 'whatsapp', type });
  return fc.tuple(product, to, rest).map((members) => Object.assign({}, ...members) as JsonObject);
}

/** Whole valid bodies of all kinds. */
export function anyBodies(to: fc.Arbitrary<JsonObject> = recipients): fc.Arbitrary<JsonObject> {
  return fc.constantFrom(...KIND_NAMES).chain((kind) => bodies(kind, to));
}

type Change = (value: Json) => Json | undefined;

const scalars: Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'x',
  '\u0000',
  'a\u0000b',
  '\ud800',
  ' ',
  '0',
  'null',
  [],
  {},
  [null],
  { x: 1 },
];

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>(() => undefined),
  fc.constantFrom(...scalars).map(
    (value): Change =>
      () =>
        value,
  ),
  fc.constantFrom(100, 5_000, 70_000).map(
    (length): Change =>
      () =>
        'y'.repeat(length),
  ),
  fc.constantFrom<Change>(
    (value) => [value],
    (value) => ({ value }),
    (value) => (typeof value === 'string' ? `${value}\u0000` : value),
    (value) => (typeof value === 'string' ? value.toUpperCase() : value),
    (value) => (Array.isArray(value) ? [...value, ...value] : value),
    (value) => (Array.isArray(value) ? Array.from({ length: 300 }, () => value[0] ?? null) : value),
    (value) => (Array.isArray(value) ? [] : value),
  ),
  fc
    .tuple(
      fc.constantFrom('extra', 'type', 'constructor', 'link', '', 'a b', 'toString', '😀'),
      fc.constantFrom(...scalars),
    )
    .map(
      ([key, value]): Change =>
        (present) =>
          isPlain(present) ? { ...present, [key]: value } : present,
    ),
);

/** Valid bodies with one to three changes somewhere in them: fields dropped, added, of the wrong type, too long, repeated, with a NUL… Some stay valid. */
export function mutations(valid: fc.Arbitrary<JsonObject> = anyBodies()): fc.Arbitrary<JsonObject> {
  // Without bias: every place in the body is as likely as another, the deep ones too.
  const change = fc.tuple(fc.noBias(fc.nat()), changes);
  return fc.tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 })).map(([whole, list]) => {
    let mutated: Json = whole;
    for (const [at, apply] of list) {
      const paths = pathsIn(mutated);
      mutated = changed(mutated, paths[at % paths.length] ?? [], apply) ?? {};
    }
    return isPlain(mutated) ? mutated : {};
  });
}

type Path = readonly (string | number)[];

function pathsIn(value: Json, path: Path = []): Path[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, i) => pathsIn(item, [...path, i]))];
  if (!isPlain(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsIn(item, [...path, key]))];
}

function changed(value: Json, [step, ...rest]: Path, apply: Change): Json | undefined {
  if (step === undefined) return apply(value);
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => {
      const next = i === step ? changed(item, rest, apply) : item;
      return next === undefined ? [] : [next];
    });
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    const next = key === step ? changed(item, rest, apply) : item;
    return next === undefined ? [] : [[key, next]];
  });
  return Object.fromEntries(entries);
}

function isPlain(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
