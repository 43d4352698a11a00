// What was typed, checked: secrets come from a file, from stdin (`-`) or, for scripts that cannot do otherwise, from a flag.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

import { CommandError, EXIT } from './complain.ts';

/** The secret of `--<name>` or `--<name>-file`. */
export async function secretFrom(
  name: string,
  value: string | undefined,
  file: string | undefined,
): Promise<string> {
  if (value !== undefined) return value;
  if (file === undefined)
    throw usage(`--${name}-file is required: the file that holds it, or - to read it from stdin.`);
  if (file === '-') return (await text(process.stdin)).trim();
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw usage(
      `--${name}-file names a file that cannot be read: ${error instanceof Error ? error.message : file}.`,
    );
  }
}

/** A moment such as 2027-01-31 or 2027-01-31T12:00:00Z, or a time from now such as 90d. */
export function instantFrom(flag: string, given: string): Date {
  const instant = new Date(
    /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(given) ? given : Number.NaN,
  );
  if (Number.isNaN(instant.getTime()))
    throw usage(`${flag} must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z, not "${given}".`);
  return instant;
}

export function usage(message: string): CommandError {
  return new CommandError({ exitCode: EXIT.usage, code: 'usage', message });
}
