// A customer edits a message: the one named, or their latest. What it says now is a text, or a medium with its caption.
import { Type } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { document } from './document.ts';
import { image } from './image.ts';
import { text } from './text.ts';
import { video } from './video.ts';
import { strict, variant, type Variant } from './variant.ts';

const EDITABLE: { readonly [type: string]: Variant } = {
  text,
  image,
  video,
  document,
};

const types = Object.keys(EDITABLE).map((type) => Type.Literal(type));

const Edit = Type.Object(
  {
    type: Type.Literal('edit'),
    edit: Type.Object(
      {
        original_message_id: Type.Optional(Type.String()),
        message: Type.Unsafe<JsonObject & { type: string }>(Type.Object({ type: Type.Union(types) })),
        context: Type.Optional(Type.Unsafe<JsonObject>(Type.Object({}))),
      },
      strict,
    ),
  },
  strict,
);

export const edit = variant(Edit, ({ edit: given }, writer) => {
  const now = EDITABLE[given.message.type]?.(given.message, writer);
  const context = given.context === undefined ? {} : { context: given.context };
  return {
    type: 'edit',
    body: {
      edit: {
        original_message_id: writer.original(given.original_message_id),
        message: { ...context, type: given.message.type, ...now?.body },
      },
    },
  };
});
