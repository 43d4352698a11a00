// The list as a document (docs/mechanisms.md).
import type { Mechanism, PromiseNumber } from './mechanism.ts';
import type { Verdict } from './try-without.ts';

export interface Tried {
  mechanism: Mechanism;
  verdict: Verdict | { kind: 'not shown'; why: string };
}

const PROMISES: Record<PromiseNumber, string> = {
  1: 'Nothing accepted is lost',
  2: 'Once per key',
  3: 'Honest at Meta’s border',
  4: 'In order, per conversation',
  5: 'Within Meta’s limits, and at full speed',
  6: 'Statuses only go forward',
  7: 'Every event at least once to each healthy subscription',
  8: 'No tenant sees another',
  9: 'Secrets stay secret',
  10: 'Bad input gets a clear error, and its neighbours do not suffer',
  11: 'Full is said, not suffered',
};

const HEAD = `# Mechanisms

What each promise rests on, and the test that misses it. Each mechanism is taken away by one edit, the test is run alone, and this is how it
fails. Made by \`npm run test:mechanisms\`, which ends with an error when an absence goes unnoticed; the edits stand in \`test/mechanisms/\`.
Rules are those of [protocol.md](protocol.md).
`;

export function describeMechanisms(tried: readonly Tried[]): string {
  const parts = Object.entries(PROMISES).map(([number, promise]) => {
    const own = tried.filter(({ mechanism }) => `${mechanism.promise}` === number);
    return `\n## ${number}. ${promise}\n\n| rule | mechanism | where | test | how it failed |\n| --- | --- | --- | --- | --- |\n${own.map(rowOf).join('')}`;
  });
  return `${HEAD}${parts.join('')}`;
}

function rowOf({ mechanism, verdict }: Tried): string {
  const { rule, file, test } = mechanism;
  const cells = [
    rule === undefined ? '' : `${rule}`,
    mechanism.mechanism,
    `\`${file}\``,
    'name' in test ? `\`${test.file}\`: ${test.name} …` : '',
    howOf(verdict),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |\n`;
}

function howOf(verdict: Tried['verdict']): string {
  switch (verdict.kind) {
    case 'noticed':
      return verdict.how;
    case 'not shown':
      return `not shown: ${verdict.why}`;
    case 'unnoticed':
      return '**went unnoticed**';
    case 'broken':
      return `**shows nothing**: ${verdict.how}`;
  }
}
