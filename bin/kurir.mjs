#!/usr/bin/env node
// The command `kurir`: in the repository it runs src/main.ts; in the published package, which has no src/, what was
// compiled from it (Node strips no types below node_modules).
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { install, ROOT, start } from './start.mjs';

const source = join(ROOT, 'src/main.ts');
const inRepository = existsSync(source);
if (inRepository) install();
await start(inRepository ? source : join(ROOT, 'dist/src/main.js'), process.argv.slice(2), import.meta.url);
