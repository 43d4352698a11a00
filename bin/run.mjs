// node bin/run.mjs <file.ts> [arguments]: installs what is missing, then runs a program of this repository.
import { resolve } from 'node:path';

import { install, ROOT, start } from './start.mjs';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('Usage: node bin/run.mjs <file.ts> [arguments]');
  process.exit(2);
}
install();
await start({ file: resolve(ROOT, file), args, entry: import.meta.url });
