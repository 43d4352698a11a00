// What commands are made of: groups, leaves, the flags that several have, and what is read from a flag.
import { type Command, InvalidArgumentError, Option } from 'commander';

import { isPace, PACES } from '../organisations/pace-limits.ts';

export function gateway(): Option {
  return new Option('--url <url>', 'the gateway (KURIR_URL)');
}

export function keyFile(): Option {
  return new Option('--api-key-file <path>', 'file with the API key (KURIR_API_KEY); - for stdin');
}

export function dialect(): Option {
  return new Option('--dialect <name>', 'in whose words').choices(['kirim', 'kapso', 'meta', 'standard']);
}

export function group(program: Command, name: string, summary: string): Command {
  return program.command(name).description(summary);
}

export function leaf(
  parent: Command,
  name: string,
  about: { summary: string; examples: readonly string[] },
): Command {
  const { summary, examples } = about;
  return parent
    .command(name)
    .description(summary)
    .option('--json', 'one JSON value on stdout; errors as JSON on stderr')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

export function organisation(): Option {
  return new Option('--organisation <id>', 'whose; needed where there are several');
}

/** Commander makes an empty text of a null. */
export function paceFrom(given: string): number | 'off' | 'auto' {
  if (given === 'off' || given === 'auto') return given;
  if (/^\d+$/.test(given) && isPace(Number(given))) return Number(given);
  throw new InvalidArgumentError(`Give ${PACES}.`);
}

export function secondsFrom(given: string): number {
  if (/^\d{1,5}$/.test(given)) return Number(given);
  throw new InvalidArgumentError('Give a whole number.');
}

export function hoursFrom(given: string): number {
  if (/^\d{1,3}$/.test(given)) return Number(given);
  throw new InvalidArgumentError('Give a number of hours.');
}
