// npm run test:mechanisms -- [--only WORDS]: takes away every mechanism that a promise rests on, one at a time, and runs the test that must
// miss it. Writes docs/mechanisms.md when all were tried. Ends with 1 when the absence of one goes unnoticed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMechanisms, type Tried } from '../test/mechanisms/describe-mechanisms.ts';
import type { Mechanism } from '../test/mechanisms/mechanism.ts';
import { MECHANISMS } from '../test/mechanisms/mechanisms.ts';
import { copyTree, type Copy } from '../test/mechanisms/try-without.ts';

/** Copies of the tree at work at once: most tests wait most of the time. */
const AT_ONCE = 2;

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = MECHANISMS.filter(
  ({ mechanism, file }) => mechanism.includes(values.only) || file.includes(values.only),
);
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void (stopped = true));
const left = [...chosen];
const tried: Tried[] = [];
await Promise.all(Array.from({ length: AT_ONCE }, work));
const unnoticed = tried.filter(({ verdict }) => verdict.kind === 'unnoticed' || verdict.kind === 'broken');
const inOrder = MECHANISMS.flatMap((mechanism) => tried.find((one) => one.mechanism === mechanism) ?? []);
if (inOrder.length === MECHANISMS.length)
  writeFileSync(join(import.meta.dirname, '../docs/mechanisms.md'), describeMechanisms(inOrder));
console.log(`${tried.length} tried, the absence of ${unnoticed.length} went unnoticed`);
process.exit(unnoticed.length === 0 && tried.length > 0 && tried.length === chosen.length ? 0 : 1);

async function work(): Promise<void> {
  using copy = copyTree();
  for (let next = left.shift(); next && !stopped; next = left.shift()) {
    const one = await tryOne(copy, next);
    tried.push(one);
    console.log(lineOf(one));
  }
}

async function tryOne(copy: Copy, mechanism: Mechanism): Promise<Tried> {
  const { test } = mechanism;
  if ('notShown' in test) return { mechanism, verdict: { kind: 'not shown', why: test.notShown } };
  return { mechanism, verdict: await copy.tryWithout(mechanism, test) };
}

function lineOf({ mechanism: { mechanism, test }, verdict }: Tried): string {
  const how = 'how' in verdict ? verdict.how : 'why' in verdict ? verdict.why : '';
  return `${verdict.kind.padEnd(10)} ${mechanism} · ${'name' in test ? test.name : '–'} · ${how}`;
}
