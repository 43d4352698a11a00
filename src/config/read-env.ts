// The environment as raw text: the only reader of process.env. An empty value counts as unset, and a secret may come from
// the file that its `_FILE` twin names.
import { existsSync, readFileSync } from 'node:fs';

import type { Setting } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with one setting, and what would be right. */
export interface Complaint {
  name: string;
  problem: string;
  example: string;
}

/** The environment of this process, and under it what a file `.env` in the present folder says. */
export function processEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** The text given for a setting; undefined when there is none. Adds to `complaints` when it cannot be read. */
export function readEnv(env: Environment, setting: Setting, complaints: Complaint[]): string | undefined {
  const plain = given(env[setting.name]);
  if (!setting.secret) return plain;
  const fileName = `${setting.name}_FILE`;
  const path = given(env[fileName]);
  if (path === undefined) return plain;
  if (plain !== undefined) {
    complaints.push({
      name: fileName,
      problem: `is set, and so is ${setting.name}; keep one of them`,
      example: path,
    });
    return plain;
  }
  try {
    return given(readFileSync(path, 'utf8').trim());
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    complaints.push({
      name: fileName,
      problem: `names a file that cannot be read${reason}: ${path}`,
      example: '/run/secrets/kurir',
    });
    return undefined;
  }
}

function given(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
