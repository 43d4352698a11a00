// The simulator's clock: looked at, set, moved ahead.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import { record, type Simulation } from '../simulation.ts';
import { settled } from '../soon.ts';

export interface ClockView {
  now: string;
  mode: 'real' | 'frozen' | 'scaled';
  rate: number;
  next_timer: string | null;
}

export const ClockAsked = Type.Object(
  {
    mode: Type.Optional(Type.Union([Type.Literal('real'), Type.Literal('frozen'), Type.Literal('scaled')])),
    now: Type.Optional(Type.String({ description: 'An ISO time.' })),
    rate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000 })),
  },
  { additionalProperties: false },
);
export type ClockAsked = Static<typeof ClockAsked>;

export const Advance = Type.Object(
  {
    by: Type.Optional(
      Type.Union([Type.String(), Type.Integer({ minimum: 0 })], {
        description: '`25h`, `90s`, or milliseconds.',
      }),
    ),
    to: Type.Optional(Type.String({ description: 'An ISO time, or `next_timer`.' })),
  },
  { additionalProperties: false },
);
export type Advance = Static<typeof Advance>;

const UNITS_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export function readClock({ clock }: Simulation): ClockView {
  const next = clock.nextAt();
  return {
    now: new Date(clock.now()).toISOString(),
    mode: clock.mode(),
    rate: clock.rate(),
    next_timer: next === null ? null : new Date(next).toISOString(),
  };
}

export function setClock(sim: Simulation, asked: ClockAsked): ClockView {
  const rate = asked.mode === 'frozen' ? 0 : asked.mode === 'real' ? 1 : (asked.rate ?? sim.clock.rate());
  sim.clock.set(rate, asked.now === undefined ? undefined : timeOf(asked.now, 'now'));
  // Rates are kept as moments, which a clock set back would put far ahead.
  sim.pace.clear();
  keep(sim);
  return readClock(sim);
}

/** Moves ahead; resolves when everything that fell due has happened and was told. */
export async function advanceClock(sim: Simulation, asked: Advance): Promise<ClockView & { fired: number }> {
  const ms = asked.by === undefined ? until(sim, asked.to) : durationMs(asked.by);
  if (ms < 0)
    throw new ControlRefusal('invalid_request', 'The clock only moves ahead; set it by PUT /clock.', {
      param: 'to',
    });
  const fired = await sim.clock.advance(ms, () => settled(sim));
  keep(sim);
  return { fired, ...readClock(sim) };
}

function keep(sim: Simulation): void {
  const at = sim.clock.now();
  record(sim, { fact: 'clock', at, aheadMs: at - sim.wireClock.now(), rate: sim.clock.rate() });
}

function until(sim: Simulation, to: string | undefined): number {
  if (to === undefined)
    throw new ControlRefusal('invalid_request', 'Say how far: {"by":"25h"} or {"to":"next_timer"}.');
  const target = to === 'next_timer' ? (sim.clock.nextAt() ?? sim.clock.now()) : timeOf(to, 'to');
  return target - sim.clock.now();
}

function durationMs(by: string | number): number {
  if (typeof by === 'number') return by;
  const found = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(by);
  if (found) return Math.round(Number(found[1]) * (UNITS_MS[found[2] ?? ''] ?? 0));
  throw new ControlRefusal('invalid_request', `"${by}" is no duration; write 25h, 90s, 7d or milliseconds.`, {
    param: 'by',
  });
}

export function timeOf(text: string, param: string): number {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new ControlRefusal('invalid_request', `"${text}" is no ISO time, such as 2026-11-20T08:00:00Z.`, {
    param,
  });
}
