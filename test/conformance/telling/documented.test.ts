// The verifiers that docs/webhooks.md hands out, run as they stand there on what the dialects sign.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { metaTelling } from '../../../src/dialects/graph/tell-event.ts';
import { kapsoTelling } from '../../../src/dialects/kapso/tell-event.ts';
import { kirimTelling } from '../../../src/dialects/kirim/tell-event.ts';
import { standardTelling } from '../../../src/dialects/standard/tell-event.ts';
import { SAMPLES } from './sample-events.ts';
import { SECRETS, signing } from './signing.ts';

const run = promisify(execFile);
const TELLINGS = { Kirim: kirimTelling, Kapso: kapsoTelling, Meta: metaTelling, Standard: standardTelling };
const [NEWER = '', OLDER = ''] = SECRETS;

interface Language {
  fence: string;
  program: string;
  file: string;
  /** Reads the cases from a file, and writes the verdicts. */
  main: (casesFile: string) => string;
}

const LANGUAGES: Record<string, Language> = {
  Node: {
    fence: 'js',
    program: process.execPath,
    file: 'verify.mjs',
    main: (file) => `
const verifiers = { Kirim: verifyKirim, Kapso: verifyKapso, Meta: verifyMeta, Standard: verifyStandard };
const { readFileSync } = await import('node:fs');
const cases = JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8'));
console.log(JSON.stringify(cases.map((one) => verifiers[one.name](Buffer.from(one.body), one.headers, one.secret))));`,
  },
  Python: {
    fence: 'python',
    program: 'python3',
    file: 'verify.py',
    main: (file) => `
import json
verifiers = {"Kirim": verify_kirim, "Kapso": verify_kapso, "Meta": verify_meta, "Standard": verify_standard}
cases = json.load(open(${JSON.stringify(file)}, encoding="utf-8"))
print(json.dumps([verifiers[one["name"]](one["body"].encode(), one["headers"], one["secret"]) for one in cases]))`,
  },
  PHP: {
    fence: 'php',
    program: 'php',
    file: 'verify.php',
    main: (file) => `
$cases = json_decode(file_get_contents(${JSON.stringify(file)}), true);
echo json_encode(array_map(fn ($one) => ('verify_' . strtolower($one['name']))($one['body'], $one['headers'], $one['secret']), $cases));`,
  },
};

test.for(Object.entries(LANGUAGES))('%s', async ([, { fence, program, file, main }], { skip }) => {
  const cases = allCases();
  const folder = mkdtempSync(join(tmpdir(), 'kurir-documented-'));
  try {
    const casesFile = join(folder, 'cases.json');
    writeFileSync(casesFile, JSON.stringify(cases));
    const opening = fence === 'php' ? '<?php\n' : '';
    writeFileSync(join(folder, file), opening + sampleOf(fence) + main(casesFile));
    const { stdout } = await run(program, [join(folder, file)]).catch((error: unknown) => {
      if (isMissing(error)) skip(`there is no ${program} on this machine`);
      throw error;
    });
    expect(JSON.parse(stdout)).toEqual(cases.map((one) => one.verifies));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function sampleOf(fence: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/webhooks.md'), 'utf8');
  const sample = new RegExp(`\`\`\`${fence}\\n(.*?)\`\`\``, 's').exec(page)?.[1];
  if (sample === undefined) throw new Error(`docs/webhooks.md has no sample in ${fence}.`);
  return sample;
}

function allCases() {
  const old = Date.now() - 301_000;
  return (['Kirim', 'Kapso', 'Meta', 'Standard'] as const).flatMap((name) => {
    const rendered = TELLINGS[name].render({
      ...SAMPLES['message.received'],
      person: { ...SAMPLES['message.received'].person, name: 'Jörg ☕' },
    });
    if (!rendered) throw new Error(`${name} does not tell it.`);
    const { body } = rendered;
    const headers = inLowerCase(TELLINGS[name].headers(signing(rendered)));
    const late = inLowerCase(TELLINGS[name].headers(signing(rendered, { now: old })));
    const isDated = name === 'Kirim' || name === 'Standard';
    return [
      { name, body, headers, secret: OLDER, verifies: true },
      // Where there is room for one signature, the newer secret has to wait.
      { name, body, headers, secret: NEWER, verifies: isDated },
      { name, body: `${body} `, headers, secret: OLDER, verifies: false },
      { name, body, headers: {}, secret: OLDER, verifies: false },
      { name, body, headers: late, secret: OLDER, verifies: !isDated },
    ];
  });
}

function inLowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
