// `interactive` / `list`: ten rows in all, in up to ten sections, behind one button.
import { parts } from '../json-parts.ts';
import { refusal } from '../graph/graph-error.ts';
import type { Kind } from './kind.ts';
import {
  checkCount,
  checkLength,
  checkLongest,
  checkParts,
  checkUnique,
  interactiveShape,
} from './interactive-parts.ts';
import { array, object, required, string } from './shape.ts';

const ROWS_MAX = 10;

export const list: Kind = {
  shape: interactiveShape({
    headers: ['text'],
    action: object({
      button: required(string()),
      sections: required(
        array(
          object({
            title: string(),
            rows: required(
              array(object({ id: required(string()), title: required(string()), description: string() })),
            ),
          }),
        ),
      ),
    }),
  }),
  check(body) {
    const action = checkParts(body, { bodyMax: 4096 });
    checkLength('Button label', action['button'], { min: 1, max: 20 });
    const sections = parts(action, 'sections');
    checkCount('sections', sections.length, { min: 1, max: 10 });
    for (const section of sections) {
      checkLongest('Section title', section['title'], 24);
      if (sections.length > 1 && !section['title']) {
        throw refusal(131009, 'Section title is required when there is more than one section');
      }
      if (parts(section, 'rows').length === 0) throw refusal(131009, 'Section must have at least one row');
    }
    const rows = sections.flatMap((section) => parts(section, 'rows'));
    if (rows.length > ROWS_MAX)
      throw refusal(131009, `Total row count exceed max allowed count: ${ROWS_MAX}`);
    for (const row of rows) {
      checkLength('Row id', row['id'], { min: 1, max: 200 });
      checkLength('Row title', row['title'], { min: 1 });
      checkLongest('Row title', row['title'], 24);
      checkLongest('Row description', row['description'], 72);
    }
    checkUnique(
      'row id',
      rows.map((row) => row['id']),
    );
  },
};
