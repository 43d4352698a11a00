// npm run test:promises -- [--runs N] [--seed N] [--path P]: the long form of test/protocol/promises.test.ts. A run that fails prints its seed and
// path, with which it is repeated.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
});
for (const name of ['runs', 'seed'] as const) {
  if (values[name] === undefined || /^[1-9]\d*$/.test(values[name])) continue;
  console.error(`--${name} takes a whole number, not "${values[name]}".`);
  process.exit(2);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', 'test/protocol/promises.test.ts'], {
  cwd: join(import.meta.dirname, '..'),
  stdio: 'inherit',
  env: {
    ...process.env,
    PROMISES_RUNS: values.runs,
    ...(values.seed === undefined ? {} : { TEST_SEED: values.seed }),
    ...(values.path === undefined ? {} : { PROMISES_PATH: values.path }),
  },
});
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [status] = await once(child, 'exit');
process.exit(status === 0 ? 0 : 1);
