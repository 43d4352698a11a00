// The cell that sets a gateway with a million messages stored beside one with none: accepting, and the first page of the lists.
import type { Cell } from './cell.ts';
import { baseWork, compare, GATEWAY, reportOf } from './compare.ts';
import { judge, type WantedName } from './figures.ts';
import type { Mode } from './measure.ts';
import { ratioTo } from './report.ts';
import { storedTemplate, WARM_UP_STORED } from './stored-rows.ts';

const PARTS: readonly { mode: Mode; wanted: WantedName; messages: number; warmUp: number }[] = [
  { mode: 'accept-only', wanted: 'storedAccept', messages: 6_000, warmUp: WARM_UP_STORED },
  { mode: 'list', wanted: 'storedList', messages: 2_400, warmUp: 2_000 },
  { mode: 'list of a number', wanted: 'storedListOfNumber', messages: 2_400, warmUp: 2_000 },
];

export const storedBesideEmpty: Cell = {
  name: 'stored',
  about:
    'the gateway with a million messages stored beside an empty one: accept-only, list, list of a number',
  async *run(stage, chosen) {
    const template = await storedTemplate(stage, GATEWAY);
    for (const { mode, wanted, messages, warmUp } of PARTS) {
      const compared = await compare(
        stage,
        {
          cell: 'stored',
          title: `${mode}, a million messages stored beside none`,
          sides: [
            { ...GATEWAY, name: 'empty' },
            { ...GATEWAY, name: 'stored', template },
          ],
          work: baseWork(mode),
          messages,
          slices: 4,
          warmUp,
        },
        chosen,
      );
      yield reportOf(compared, [judge('stored', wanted, ratioTo(compared, 'stored'))], chosen);
    }
  },
};
