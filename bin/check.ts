// npm run check: format, lint, types, dead code and the plan of the house. All of them run, whatever fails; each says one
// line, and what it found when it failed.
import { runTool } from './run-tool.ts';

const CHECKS: readonly { name: string; command: readonly [string, ...string[]] }[] = [
  { name: 'format', command: ['oxfmt/bin/oxfmt', '--check', '.'] },
  { name: 'lint', command: ['oxlint/bin/oxlint', '--report-unused-disable-directives', '--deny-warnings'] },
  { name: 'types', command: ['typescript/bin/tsc', '-p', '.'] },
  { name: 'dead code', command: ['knip/bin/knip.js', '--no-progress'] },
  { name: 'floor plan', command: ['vitest/vitest.mjs', 'run', 'test/floor-plan.test.ts', '--reporter=dot'] },
];

let failed = false;
const running = CHECKS.map(async ({ name, command }) => {
  const startedAt = performance.now();
  const result = await runTool(command);
  return { name, ...result, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
});
for (const check of running) {
  const { name, ok, said, seconds } = await check;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${seconds} s`);
  if (ok) continue;
  failed = true;
  console.log(said);
}
process.exit(failed ? 1 : 0);
