// The cells of the long form: the base cell, one axis at a time from it, and those that put a promise to its figure. Each runs alone.
import type { Cell } from './cell.ts';
import { blocked } from './blocked.ts';
import { classes } from './classes.ts';
import { baseWork, compare, floorAndGateway, reportOf } from './compare.ts';
import { judge, type Verdict } from './figures.ts';
import { type Mode, type Side, type Stage, type Work } from './measure.ts';
import { pace } from './pace.ts';
import { queued } from './queued.ts';
import { figureAt, ratioTo, type Comparison } from './report.ts';
import { storedTemplate, WARM_UP_STORED } from './stored-rows.ts';
import { storedBesideEmpty } from './stored.ts';
import { told } from './told.ts';

interface Axis {
  name: string;
  about: string;
  modes: readonly Mode[];
  change: Partial<Work>;
  /** What the sides begin with. */
  sides?: (stage: Stage, sides: Side[]) => Promise<Side[]>;
  /** Messages a side, round and slice; what 300 ms hold up are sent in longer slices. */
  perSlice?: number;
  warmUp?: number;
}

const SLICES = { base: 8, axis: 4 };
/** Of a slice. */
const MESSAGES: Partial<Record<Mode, number>> = { full: 1_000 };
const MESSAGES_OTHERWISE = 1_500;
// Half of what a young process burns is the compiler's: what is wanted is wanted of one that has run for some seconds.
const WARM_UP = { base: 20_000, axis: 5_000 };

const AXES: readonly Axis[] = [
  {
    name: 'latency-300',
    about: 'Meta takes 300 ms, and eight times as many callers wait for it',
    modes: ['send-and-wait', 'full'],
    // Else the 64 callers were measured, of whom each sends three times a second.
    change: { latencyMs: 300, connections: 512, metaConnections: 1_024, openMax: 1_024 },
    perSlice: 2_000,
  },
  {
    name: 'statuses-20',
    about: 'Meta tells 20 statuses a POST',
    modes: ['full'],
    change: { statusesPerPost: 20 },
  },
  { name: 'numbers-1', about: 'one number', modes: ['send-and-wait', 'full'], change: ofNumbers(1) },
  {
    name: 'numbers-1000',
    about: 'a thousand numbers',
    modes: ['send-and-wait', 'full'],
    change: ofNumbers(1_000),
  },
  {
    name: 'stored-1m',
    about: 'a million messages stored',
    modes: ['accept-only', 'full'],
    change: {},
    sides: withStored,
    warmUp: WARM_UP_STORED,
  },
  {
    name: 'nodes-2',
    about: 'two nodes on one database',
    modes: ['accept-only', 'send-and-wait', 'full'],
    change: { nodes: 2 },
  },
];

export const CELLS: readonly Cell[] = [
  {
    name: 'base',
    about: 'the base cell: accept-only, send-and-wait, full',
    async *run(stage, chosen) {
      for (const mode of ['accept-only', 'send-and-wait', 'full'] as const) {
        const perSlice = (MESSAGES[mode] ?? MESSAGES_OTHERWISE) / (chosen.quick ? 2 : 1);
        const slices = chosen.quick ? SLICES.axis : SLICES.base;
        const compared = await compare(
          stage,
          {
            cell: 'base',
            title: mode,
            sides: floorAndGateway(chosen),
            work: baseWork(mode),
            messages: perSlice * slices,
            slices,
            warmUp: WARM_UP.base,
          },
          chosen,
        );
        yield reportOf(compared, judgeBase(compared), chosen);
      }
    },
  },
  ...AXES.map(cellOf),
  {
    name: 'added',
    about: 'what a send that waits takes longer than Meta: 300 ms, 100 a second',
    async *run(stage, chosen) {
      const compared = await compare(
        stage,
        {
          cell: 'added',
          title: 'send-and-wait, 100 a second at an even rate, Meta takes 300 ms',
          sides: floorAndGateway(chosen),
          work: { ...baseWork('send-and-wait'), latencyMs: 300, perSecond: 100, connections: 256 },
          messages: 1_000,
          slices: 2,
          warmUp: WARM_UP.axis,
        },
        chosen,
      );
      const added = figureAt(compared, 'gateway', (slice) => slice.aboveMetaP50Ms);
      yield reportOf(compared, [judge('added', 'added', added)], chosen);
    },
  },
  told,
  storedBesideEmpty,
  blocked,
  queued,
  pace,
  classes,
];

function cellOf(axis: Axis): Cell {
  const { name, about } = axis;
  return {
    name,
    about: `${about}: ${axis.modes.join(', ')}`,
    async *run(stage, chosen) {
      const plain = floorAndGateway(chosen);
      const sides = (await axis.sides?.(stage, plain)) ?? plain;
      for (const mode of axis.modes) {
        const perSlice = axis.perSlice ?? MESSAGES[mode] ?? MESSAGES_OTHERWISE;
        const compared = await compare(
          stage,
          {
            cell: name,
            title: `${mode}, ${about}`,
            sides,
            work: { ...baseWork(mode), ...axis.change },
            messages: perSlice * SLICES.axis,
            slices: SLICES.axis,
            warmUp: axis.warmUp ?? WARM_UP.axis,
          },
          chosen,
        );
        yield reportOf(compared, [], chosen);
      }
    },
  };
}

function judgeBase(compared: Comparison): Verdict[] {
  const ratio = ratioTo(compared, 'gateway');
  if (compared.work.mode === 'accept-only') return [judge('base', 'acceptOnly', ratio)];
  return compared.work.mode === 'full' ? [judge('base', 'full', ratio)] : [];
}

function ofNumbers(count: number): Partial<Work> {
  return {
    numbers: [{ count, pace: null }],
    audience: { ...baseWork('full').audience, count, of: count },
  };
}

async function withStored(stage: Stage, sides: Side[]): Promise<Side[]> {
  const stored: Side[] = [];
  for (const side of sides) stored.push({ ...side, template: await storedTemplate(stage, side) });
  return stored;
}
