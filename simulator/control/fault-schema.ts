// How a fault is asked for. The effect's kind is looked up first, so that an error speaks of that kind only.
import { Type, type Static, type TSchema } from 'typebox';
import { checked } from '../checked.ts';
import { ControlRefusal } from '../control-refusal.ts';
import type { Effect } from '../faults.ts';

const strict = { additionalProperties: false };
const how = Type.Union([Type.Literal('reset'), Type.Literal('timeout')]);
const ms = Type.Integer({ minimum: 0, maximum: 86_400_000 });
const httpStatus = Type.Integer({ minimum: 200, maximum: 599 });

export const LayoutAsked = Type.Union([
  Type.Literal('entries'),
  Type.Literal('changes'),
  Type.Literal('values'),
]);
export const OrderAsked = Type.Union([
  Type.Literal('given'),
  Type.Literal('reversed'),
  Type.Literal('shuffled'),
]);
export const ForgeryAsked = Type.Union([
  Type.Literal('secret'),
  Type.Literal('none'),
  Type.Literal('legacy'),
  Type.Literal('altered'),
]);

const EFFECTS: { [Kind in Effect['kind']]: TSchema } = {
  graph_error: Type.Object(
    {
      kind: Type.Literal('graph_error'),
      code: Type.Integer(),
      http: Type.Optional(httpStatus),
      details: Type.Optional(Type.String()),
      taken: Type.Optional(Type.Boolean()),
      retry_after_s: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    strict,
  ),
  http_error: Type.Object(
    { kind: Type.Literal('http_error'), status: httpStatus, taken: Type.Optional(Type.Boolean()) },
    strict,
  ),
  webhook_error: Type.Object({ kind: Type.Literal('webhook_error'), code: Type.Integer() }, strict),
  delay: Type.Object(
    { kind: Type.Literal('delay'), ms, spread_ms: Type.Optional(ms), before: Type.Optional(Type.Boolean()) },
    strict,
  ),
  lost_answer: Type.Object({ kind: Type.Literal('lost_answer'), how }, strict),
  not_taken: Type.Object({ kind: Type.Literal('not_taken'), how }, strict),
  truncated: Type.Object({ kind: Type.Literal('truncated') }, strict),
  trickle: Type.Object(
    {
      kind: Type.Literal('trickle'),
      part: Type.Union([Type.Literal('headers'), Type.Literal('body')]),
      ms,
    },
    strict,
  ),
  rate_limit: Type.Object(
    {
      kind: Type.Literal('rate_limit'),
      http: Type.Optional(httpStatus),
      retry_after_s: Type.Optional(Type.Integer({ minimum: 0 })),
      bucket: Type.Union([
        Type.Literal('throughput'),
        Type.Literal('pair'),
        Type.Literal('app'),
        Type.Literal('waba'),
      ]),
    },
    strict,
  ),
  token_expired: Type.Object({ kind: Type.Literal('token_expired') }, strict),
  wrong_bytes: Type.Object({ kind: Type.Literal('wrong_bytes') }, strict),
  expired_link: Type.Object({ kind: Type.Literal('expired_link') }, strict),
  duplicate: Type.Object(
    { kind: Type.Literal('duplicate'), n: Type.Integer({ minimum: 2, maximum: 100 }) },
    strict,
  ),
  reorder: Type.Object({ kind: Type.Literal('reorder') }, strict),
  drop: Type.Object({ kind: Type.Literal('drop') }, strict),
  batch: Type.Object(
    {
      kind: Type.Literal('batch'),
      size: Type.Integer({ minimum: 2, maximum: 1000 }),
      layout: Type.Optional(LayoutAsked),
      order: Type.Optional(OrderAsked),
    },
    strict,
  ),
  forged_signature: Type.Object(
    { kind: Type.Literal('forged_signature'), how: Type.Optional(ForgeryAsked) },
    strict,
  ),
  webhook_delay: Type.Object(
    { kind: Type.Literal('webhook_delay'), ms, spread_ms: Type.Optional(ms) },
    strict,
  ),
};

/** How long answers of the Graph take. */
export const LatencyAsked = Type.Object({ ms, spread_ms: Type.Optional(ms) }, strict);

export const FaultAsked = Type.Object(
  {
    match: Type.Optional(
      Type.Object(
        {
          number: Type.Optional(Type.String()),
          to: Type.Optional(Type.String({ description: 'A number, or how it begins: `6281*`.' })),
          type: Type.Optional(Type.String()),
          edge: Type.Optional(Type.String()),
          status: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
    effect: Type.Unsafe<Effect>(Type.Object({ kind: Type.String() })),
    probability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    every: Type.Optional(Type.Integer({ minimum: 1 })),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
    until: Type.Optional(Type.String({ description: 'An ISO time of the simulator’s clock.' })),
  },
  strict,
);
export type FaultAsked = Static<typeof FaultAsked>;

/** Refuses an effect whose fields are not those of its kind. */
export function checkEffect(effect: Effect): void {
  const kinds = Object.keys(EFFECTS);
  if (!kinds.includes(effect.kind)) {
    throw new ControlRefusal('invalid_request', `effect.kind must be one of: ${kinds.join(', ')}.`, {
      param: 'effect.kind',
    });
  }
  checked(EFFECTS[effect.kind], effect, 'effect');
}
