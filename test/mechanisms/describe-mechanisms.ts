// The list as a document (docs/mechanisms.md).
import type { Mechanism } from './mechanism.ts';
import type { Verdict } from './try-without.ts';

export interface Tried {
  mechanism: Mechanism;
  verdict: Verdict | { kind: 'not shown'; why: string };
}

const HEAD = `# Mechanisms

What each promise rests on, and the test that misses it: the mechanism is taken away by one edit, the test is run alone, and this is how it
fails. Made by \`npm run test:mechanisms\`, which ends with an error when an absence goes unnoticed; the edits stand in \`test/mechanisms/\`.
Promises are numbered as in the README of the tests below, rules as in [protocol.md](protocol.md).
`;

export function describeMechanisms(tried: readonly Tried[]): string {
  const rows = tried.toSorted((one, other) => one.mechanism.promise - other.mechanism.promise).map(rowOf);
  return `${HEAD}\n| promise | mechanism | where | test | how it failed |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function rowOf({ mechanism, verdict }: Tried): string {
  const { promise, rule, file, test } = mechanism;
  const cells = [
    rule === undefined ? `${promise}` : `${promise}, rule ${rule}`,
    mechanism.mechanism,
    `\`${file}\``,
    'name' in test ? `\`${test.file}\`: ${test.name}` : '–',
    'how' in verdict ? verdict.how : 'why' in verdict ? `not shown: ${verdict.why}` : '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
