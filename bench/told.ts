// What it costs to tell: full with nobody, one and fifty subscribers. A message counts when every subscriber has heard all of its statuses.
import type { Cell } from './cell.ts';
import { baseWork, compare, floorAndGateway, reportOf, type Chosen } from './compare.ts';
import { judge } from './figures.ts';
import type { Stage } from './measure.ts';
import { figureAt, ratioTo, type Comparison } from './report.ts';

const STATUSES = 3;
const SLICES = 4;
const MANY = 50;

export const told: Cell = {
  name: 'told',
  about: 'full, told to one subscriber and to fifty',
  async *run(stage, chosen) {
    const none = await tell(stage, chosen, { subscriptions: 0, messages: 1_000, warmUp: 20_000 });
    yield reportOf(none, [], chosen);
    const one = await tell(stage, chosen, { subscriptions: 1, messages: 1_000, warmUp: 20_000 });
    yield reportOf(one, [judge('told', 'told', ratioTo(one, 'gateway'))], chosen);
    const many = await tell(stage, chosen, { subscriptions: MANY, messages: 200, warmUp: 500 });
    const cost = (measured: Comparison, subscriptions: number): number =>
      (costOf(measured) - costOf(none)) / (STATUSES * subscriptions);
    yield reportOf(many, [judge('told', 'toldMany', cost(many, MANY) / cost(one, 1))], chosen);
  },
};

function tell(
  stage: Stage,
  chosen: Chosen,
  { subscriptions, messages, warmUp }: { subscriptions: number; messages: number; warmUp: number },
): Promise<Comparison> {
  return compare(
    stage,
    {
      cell: 'told',
      title: `full, ${subscriptions} subscribers`,
      sides: floorAndGateway(chosen),
      work: { ...baseWork('full'), subscriptions },
      messages: messages * SLICES,
      slices: SLICES,
      warmUp,
    },
    chosen,
  );
}

// Of a message, in processor time of the gateway and of PostgreSQL.
function costOf(compared: Comparison): number {
  return (
    figureAt(compared, 'gateway', (slice) => slice.cpuMsPerMessage) +
    figureAt(compared, 'gateway', (slice) => slice.postgresCpuMsPerMessage ?? 0)
  );
}
