// npm run build: compiles what is published, src/ and simulator/, to dist/. Runs by itself before `npm pack`.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { runTool } from './run-tool.ts';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { ok, said } = await runTool(['typescript/bin/tsc', '-p', 'tsconfig.build.json']);
if (!ok) console.error(said);
process.exit(ok ? 0 : 1);
