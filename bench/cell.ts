// What a cell of the bench is: something that is measured alone and reports.
import type { Chosen } from './compare.ts';
import type { Stage } from './measure.ts';
import type { CellReport } from './report.ts';

export interface Cell {
  name: string;
  about: string;
  run: (stage: Stage, chosen: Chosen) => AsyncIterable<CellReport>;
}
