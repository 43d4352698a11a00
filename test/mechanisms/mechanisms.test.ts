// The list cannot rot: what each edit looks for stands in its file once, and the test it names is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { without } from './mechanism.ts';
import { MECHANISMS } from './mechanisms.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(MECHANISMS)('$mechanism: can be taken away, and its test is there', (mechanism) => {
  const source = readFileSync(join(ROOT, mechanism.file), 'utf8');
  expect(without(source, mechanism)).not.toBe(source);
  if ('notShown' in mechanism.test) return;
  const { file, name } = mechanism.test;
  const tests = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : '';
  expect(tests.includes(name), `${file}: ${name}`).toBe(true);
});
