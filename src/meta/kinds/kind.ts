// The contract of a message kind: what its content looks like, what a schema cannot say about it, and how it is shown.
// A kind is written once with its static type and then kept with plain JSON on the outside, so that all of them fit in
// one table; content that does not fit the schema is never handed to a kind's own functions.
import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Fault, Fields } from './fault.ts';
import { openSchema } from './open-schema.ts';

/** The `type` of a body, and the name of the field that holds its content. */
export type MessageType =
  | 'text'
  | 'image'
  | 'document'
  | 'video'
  | 'audio'
  | 'sticker'
  | 'location'
  | 'contacts'
  | 'reaction'
  | 'template'
  | 'interactive';

export interface MediaReference {
  type: 'image' | 'video' | 'audio' | 'document' | 'sticker' | 'gif';
  /** Where in the body the media object stands. */
  path: string;
  /** Meta's id of an uploaded file; else `link`. */
  id?: string;
  link?: string;
}

export interface Kind {
  type: MessageType;
  /** The content object with no field beyond those known: validation, documentation, and (through it) the static type. */
  schema: TSchema;
  /** The first fault that the schema cannot see. Only for content that the schema has accepted. */
  checkContent(content: Json, fields: Fields): Fault | null;
  /** The same content as Meta spells it, where it takes several spellings. */
  canonical(content: JsonObject, fields: Fields): JsonObject;
  mediaIn(content: Json): MediaReference[];
  /** One short line for people. */
  preview(content: Json): string;
  /** A whole valid body, for documentation and tests. */
  example: JsonObject;
}

export interface KindDefinition<Schema extends TSchema> {
  type: MessageType;
  schema: Schema;
  /** What the schema cannot say, in the order of reading; paths begin with the type. */
  faults?: (content: Static<Schema>, fields: Fields) => Iterable<Fault>;
  canonical?: (content: JsonObject, fields: Fields) => JsonObject;
  mediaIn?: (content: Static<Schema>) => Iterable<MediaReference>;
  preview: (content: Static<Schema>) => string;
  /** The content of the kind's example. */
  example: Static<Schema> & Json;
}

const PREVIEW_CODE_POINTS = 80;

export function defineKind<Schema extends TSchema>(definition: KindDefinition<Schema>): Kind {
  const { type, schema, faults, mediaIn } = definition;
  const accepts = acceptsOpen(schema);
  return {
    type,
    schema,
    checkContent(content, fields) {
      if (!faults || !accepts(content)) return null;
      for (const first of faults(content, fields)) return first;
      return null;
    },
    canonical: definition.canonical ?? ((content) => content),
    mediaIn: (content) => (mediaIn && accepts(content) ? [...mediaIn(content)] : []),
    preview: (content) => (accepts(content) ? oneLine(definition.preview(content)) : type),
    example: {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '+628111111111',
      type,
      [type]: definition.example,
    },
  };
}

/** An object with the given fields and no others. */
export function exactly<Properties extends TProperties>(
  properties: Properties,
  description?: string,
): TObject<Properties> {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** A text of `min` to `max` code points. */
export function characters(min: number, max: number, description: string) {
  return Type.String({ minLength: min, ...(max === Infinity ? {} : { maxLength: max }), description });
}

// Compiled at first use: a gateway that sends texts pays for no carousel.
function acceptsOpen<Schema extends TSchema>(
  schema: Schema,
): (content: unknown) => content is Static<Schema> {
  let check: ((content: unknown) => boolean) | undefined;
  return (content): content is Static<Schema> => {
    if (!check) {
      const validator = Compile(openSchema(schema));
      check = (value) => validator.Check(value);
    }
    return check(content);
  };
}

function oneLine(line: string): string {
  const seen = [
    ...line
      .slice(0, 4 * PREVIEW_CODE_POINTS)
      .toWellFormed()
      .replace(/\s+/gu, ' ')
      .trim(),
  ];
  if (seen.length <= PREVIEW_CODE_POINTS) return seen.join('');
  return `${seen.slice(0, PREVIEW_CODE_POINTS - 1).join('')}…`;
}
