// Any field of Meta's with any value, told as it is given: what the simulator does not live through itself, such as a ban, an echo
// of a message written on the business's phone, or its history.
import { Type, type Static } from 'typebox';
import type { JsonObject } from '../../src/kernel/json.ts';
import { ControlRefusal } from '../control-refusal.ts';
import type { Update } from '../envelope.ts';
import type { BusinessNumber } from '../fact.ts';
import { FIELDS } from '../fields.ts';
import type { Simulation } from '../simulation.ts';
import { tell } from '../tell.ts';
import { accountUpdate, numberUpdate } from '../updates.ts';

export const FieldAsked = Type.Object(
  {
    field: Type.String({ pattern: '^[a-z_]{1,64}$' }),
    value: Type.Unsafe<JsonObject>(Type.Object({})),
    number: Type.Optional(Type.String({ description: 'A phone_number_id; the first number when absent.' })),
    entry_id: Type.Optional(
      Type.String({ description: 'The WABA or portfolio it stands under; that of the number when absent.' }),
    ),
  },
  { additionalProperties: false },
);
export type FieldAsked = Static<typeof FieldAsked>;

export interface FieldView {
  field: string;
  about: 'number' | 'account';
  entry_id: string;
  phone_number_id: string | null;
  /** False: nobody is subscribed, or there is no callback. */
  told: boolean;
}

/** Tells a field. Those about a number get its `metadata`, unless the value has its own; unknown ones count as about an account. */
export function tellField(sim: Simulation, asked: FieldAsked): FieldView {
  const { update, ...view } = fieldUpdate(sim, asked);
  const { field } = asked;
  const number = view.phone_number_id ?? '';
  if (update) tell(sim, update, { number, to: '', type: field, status: field });
  return { ...view, told: update !== null };
}

/** The webhook of a field, as it is asked for. */
export function fieldUpdate(
  sim: Simulation,
  asked: FieldAsked,
): Omit<FieldView, 'told'> & { update: Update | null } {
  const { field, value } = asked;
  const number = numberFor(sim, asked);
  const about = FIELDS[field] ?? 'account';
  const entryId = asked.entry_id ?? number.wabaId;
  const update =
    about === 'number'
      ? numberUpdate(sim, number, { field, value })
      : accountUpdate(sim, entryId, { field, value });
  return {
    update: update && { ...update, wabaId: entryId },
    field,
    about,
    entry_id: entryId,
    phone_number_id: about === 'number' ? number.phoneNumberId : null,
  };
}

function numberFor(sim: Simulation, { number: named }: FieldAsked): BusinessNumber {
  const { numbers } = sim.world;
  const number = named === undefined ? numbers.values().next().value : numbers.get(named);
  if (number) return number;
  throw new ControlRefusal('not_found', `There is no number ${named ?? 'at all'}.`, {
    param: 'number',
    known: [...numbers.keys()],
  });
}
