// npm run test:mechanisms -- [--only WORDS]: takes away every mechanism that a promise rests on, one at a time, and runs the test that must
// miss it. Writes docs/mechanisms.md when all were tried. Ends with 1 when the absence of one goes unnoticed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMechanisms, type Tried } from '../test/mechanisms/describe-mechanisms.ts';
import { MECHANISMS } from '../test/mechanisms/mechanisms.ts';
import { copyTree } from '../test/mechanisms/try-without.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = MECHANISMS.filter(
  ({ mechanism, file }) => mechanism.includes(values.only) || file.includes(values.only),
);
const tried: Tried[] = [];
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void (stopped = true));
{
  using copy = copyTree();
  for (const mechanism of chosen) {
    if (stopped) break;
    const { test } = mechanism;
    const verdict =
      'notShown' in test
        ? ({ kind: 'not shown', why: test.notShown } as const)
        : await copy.tryWithout(mechanism, test);
    tried.push({ mechanism, verdict });
    const how = 'how' in verdict ? verdict.how : 'why' in verdict ? verdict.why : '';
    console.log(
      `${verdict.kind.padEnd(10)} ${mechanism.mechanism} · ${'name' in test ? test.name : '–'} · ${how}`,
    );
  }
}
const unnoticed = tried.filter(({ verdict }) => verdict.kind === 'unnoticed' || verdict.kind === 'broken');
if (tried.length === MECHANISMS.length && unnoticed.length === 0)
  writeFileSync(join(import.meta.dirname, '../docs/mechanisms.md'), describeMechanisms(tried));
console.log(`${tried.length} tried, the absence of ${unnoticed.length} went unnoticed`);
process.exit(unnoticed.length === 0 && tried.length > 0 && !stopped ? 0 : 1);
