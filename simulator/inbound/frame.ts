// What may stand around a message of any variant: what it answers or where it was forwarded from, the ad that was tapped, the
// group it was written in, errors.
import { Type, type Static } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { strict } from './variant.ts';

const text = Type.Optional(Type.String());

const Context = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'The wamid of the message it answers.' })),
    from: text,
    forwarded: Type.Optional(Type.Literal(true)),
    frequently_forwarded: Type.Optional(Type.Literal(true)),
    referred_product: Type.Optional(
      Type.Object({ catalog_id: Type.String(), product_retailer_id: Type.String() }, strict),
    ),
  },
  strict,
);

const Referral = Type.Object(
  {
    source_url: Type.String(),
    source_id: Type.String(),
    source_type: Type.Union([Type.Literal('ad'), Type.Literal('post')]),
    body: text,
    headline: text,
    media_type: Type.Optional(Type.Union([Type.Literal('image'), Type.Literal('video')])),
    image_url: text,
    video_url: text,
    thumbnail_url: text,
    ctwa_clid: text,
    welcome_message: Type.Optional(Type.Object({ text: Type.String() }, strict)),
  },
  strict,
);

export const Frame = Type.Object(
  {
    context: Type.Optional(Context),
    referral: Type.Optional(Referral),
    group: Type.Optional(Type.String({ minLength: 1, description: 'The id of the group.' })),
    errors: Type.Optional(
      Type.Array(Type.Unsafe<JsonObject>(Type.Object({ code: Type.Integer(), title: Type.String() }))),
    ),
  },
  strict,
);
export type Frame = Static<typeof Frame>;

export const REFERRAL_KEYS = Object.keys(Referral.properties);
