// The version of this Kurir, as its package says.
import { existsSync, readFileSync } from 'node:fs';

import { isObject } from './json.ts';

export function readVersion(): string {
  // In the repository this file is src/kernel/version.ts, in the package dist/src/kernel/version.js.
  const file = [
    new URL('../../package.json', import.meta.url),
    new URL('../../../package.json', import.meta.url),
  ].find((one) => existsSync(one));
  const about: unknown = file && JSON.parse(readFileSync(file, 'utf8'));
  return isObject(about) && typeof about['version'] === 'string' ? about['version'] : 'unknown';
}
