// Business numbers: looked at, added, changed while the simulator runs.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import type { BusinessNumber } from '../fact.ts';
import { record, type Simulation } from '../simulation.ts';
import { numberOf } from '../world.ts';

export const NumberAsked = Type.Object(
  {
    display_phone_number: Type.Optional(Type.String()),
    verified_name: Type.Optional(Type.String()),
    waba_id: Type.Optional(Type.String()),
    registered: Type.Optional(Type.Boolean()),
    quality: Type.Optional(
      Type.Union([
        Type.Literal('GREEN'),
        Type.Literal('YELLOW'),
        Type.Literal('RED'),
        Type.Literal('UNKNOWN'),
      ]),
    ),
    throughput_per_second: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
    allowed_recipients: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  },
  { additionalProperties: false },
);
export type NumberAsked = Static<typeof NumberAsked>;

export interface NumberView {
  phone_number_id: string;
  display_phone_number: string;
  verified_name: string;
  waba_id: string;
  registered: boolean;
  quality: BusinessNumber['quality'];
  /** Null: no limit. */
  throughput_per_second: number | null;
  /** Of a test number. */
  allowed_recipients: readonly string[] | null;
  /** Its own callback. */
  callback_url: string | null;
}

export function listNumbers(sim: Simulation): NumberView[] {
  return [...sim.world.numbers.values()].map((number) => viewOf(sim, number));
}

/** Changes a number, or adds it; a new one needs its `display_phone_number`. */
export function putNumber(sim: Simulation, id: string, asked: NumberAsked): NumberView {
  if (!/^\d{6,20}$/.test(id)) {
    throw new ControlRefusal('invalid_request', 'A phone_number_id has 6 to 20 digits.', { param: 'id' });
  }
  const number = { ...(sim.world.numbers.get(id) ?? fresh(sim, id, asked)) };
  if (asked.display_phone_number !== undefined) {
    number.display = asked.display_phone_number;
    number.digits = number.display.replaceAll(/\D/g, '');
  }
  if (asked.verified_name !== undefined) number.verifiedName = asked.verified_name;
  if (asked.registered !== undefined) number.registered = asked.registered;
  if (asked.quality !== undefined) number.quality = asked.quality;
  if (asked.throughput_per_second !== undefined) number.throughputPerSecond = asked.throughput_per_second;
  if (asked.allowed_recipients !== undefined) {
    number.allowedRecipients = asked.allowed_recipients?.map((one) => one.replaceAll(/\D/g, '')) ?? null;
  }
  record(sim, { fact: 'number', at: sim.clock.now(), number });
  return viewOf(sim, number);
}

function viewOf(sim: Simulation, number: BusinessNumber): NumberView {
  const { throughputPerSecond = sim.settings.throughputPerSecond } = number;
  return {
    phone_number_id: number.phoneNumberId,
    display_phone_number: number.display,
    verified_name: number.verifiedName,
    waba_id: number.wabaId,
    registered: number.registered,
    quality: number.quality,
    throughput_per_second: throughputPerSecond,
    allowed_recipients: number.allowedRecipients,
    callback_url: number.callback?.url ?? null,
  };
}

function fresh(sim: Simulation, phoneNumberId: string, asked: NumberAsked): BusinessNumber {
  if (asked.display_phone_number === undefined) {
    throw new ControlRefusal('invalid_request', 'A new number needs its display_phone_number.', {
      param: 'display_phone_number',
    });
  }
  const wabaId = asked.waba_id ?? sim.settings.wabaId;
  const { display_phone_number: displayPhoneNumber, verified_name: verifiedName = 'A number' } = asked;
  return numberOf({ phoneNumberId, displayPhoneNumber, verifiedName }, wabaId);
}
