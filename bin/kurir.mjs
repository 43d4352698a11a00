#!/usr/bin/env node
// The command `kurir`: in the repository it runs src/main.ts; in the published package, which has no src/, what was
// compiled from it (Node strips no types below node_modules).
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { install, ROOT, SERVER_FLAGS, start } from './start.mjs';

const source = join(ROOT, 'src/main.ts');
const inRepository = existsSync(source);
if (inRepository) install();
const file = inRepository ? source : join(ROOT, 'dist/src/main.js');
const args = process.argv.slice(2);
const flags = ['dev', 'start'].includes(args[0]) ? SERVER_FLAGS : [];
await start({ file, args, entry: import.meta.url, flags });
