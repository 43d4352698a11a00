// Several things at once, told as Meta may tell them: in one POST or one after the other, in any order, more than once, forged.
// Faults leave it alone.
import { Type, type Static } from 'typebox';
import { updateOf, writeAs } from '../customer.ts';
import type { Update } from '../envelope.ts';
import { digits } from '../ids.ts';
import { setStatus } from '../life.ts';
import type { Simulation } from '../simulation.ts';
import { inOrder, postTogether } from '../together.ts';
import { ForgeryAsked, LayoutAsked, OrderAsked } from './fault-schema.ts';
import { FieldAsked, fieldUpdate } from './fields.ts';
import { asSending, checkedDigits, writingOf } from './phones.ts';
import { StatusAsked, statusFor } from './statuses.ts';

const strict = { additionalProperties: false };

/** A customer writes, a message gets a status, or a field is told. */
const One = Type.Union([
  Type.Object({ phone: Type.String(), send: Type.Unknown() }, strict),
  Type.Object({ status: StatusAsked }, strict),
  Type.Object({ field: FieldAsked }, strict),
]);

export const BatchAsked = Type.Object(
  {
    updates: Type.Array(One, { minItems: 1, maxItems: 1000 }),
    layout: Type.Optional(
      Type.Union([LayoutAsked, Type.Literal('posts')], {
        description: 'How they share a POST; `posts`: each has its own, one after the other.',
      }),
    ),
    order: Type.Optional(OrderAsked),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    forged: Type.Optional(ForgeryAsked),
  },
  strict,
);
export type BatchAsked = Static<typeof BatchAsked>;

export interface BatchView {
  /** Of each update, as it was given: its wamid, or a name of its own; null: nobody is told of it. */
  ids: (string | null)[];
}

/** Refused at the first update that cannot be: what stands before it is so, and is told. */
export function postBatch(sim: Simulation, { updates: asked, ...manner }: BatchAsked): BatchView {
  const updates: (Update | null)[] = [];
  try {
    for (const one of asked) updates.push(made(sim, one));
  } finally {
    post(
      sim,
      updates.filter((one) => one !== null),
      manner,
    );
  }
  return { ids: updates.map((one) => one && (one.id.split('#')[0] ?? '')) };
}

function post(sim: Simulation, updates: Update[], asked: Omit<BatchAsked, 'updates'>): void {
  const { layout = 'changes', order = 'given', times = 1, forged } = asked;
  const manner = forged === undefined ? {} : { forged };
  if (layout !== 'posts') return postTogether(sim, updates, { layout, order, times, ...manner });
  const stream = `batch-${digits(12, sim.random)}`;
  for (const update of inOrder(updates, order, sim.random)) {
    for (let i = 0; i < times; i++) sim.push.post({ ...update, stream }, manner);
  }
}

// It becomes so before any of it is told.
function made(sim: Simulation, one: Static<typeof One>): Update | null {
  if ('field' in one) return fieldUpdate(sim, one.field).update;
  if ('status' in one) {
    const { message, change } = statusFor(sim, one.status);
    return setStatus(sim, message, change);
  }
  const phone = checkedDigits(sim, one.phone);
  return updateOf(sim, writeAs(sim, writingOf(sim, phone, asSending(one.send))));
}
