// The commands as typed, without a gateway: help, usage and its exit codes.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createProgram, runProgram } from './program.ts';
import { createTerminal } from './terminal.ts';

let out: string;
let errors: string;
beforeEach(() => {
  [out, errors] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
});
afterEach(() => vi.restoreAllMocks());

const program = createProgram({ terminal: createTerminal({}), exitCode: 0 });
const groups = ['organisations', 'keys', 'apps', 'numbers', 'contacts', 'webhooks'];
const leaves = program.commands.flatMap((command) =>
  groups.includes(command.name())
    ? command.commands.map((sub) => [command.name(), sub.name()])
    : [[command.name()]],
);

test('the commands are these', () => {
  expect(leaves.map((words) => words.join(' '))).toEqual([
    'dev',
    'start',
    'migrate',
    'doctor',
    'nodes',
    'organisations create',
    'organisations list',
    'keys create',
    'keys list',
    'keys revoke',
    'apps add',
    'apps list',
    'numbers add',
    'numbers list',
    'numbers set',
    'contacts erase',
    'send',
    'listen',
    'webhooks list',
    'webhooks create',
    'webhooks update',
    'webhooks pause',
    'webhooks resume',
    'webhooks delete',
    'webhooks rotate',
    'webhooks test',
    'webhooks deliveries',
    'webhooks replay',
  ]);
});

test.each(leaves)('%s %s says what it does, with examples and --json', async (...words) => {
  expect(await runProgram([...words.filter((word) => word !== undefined), '--help'])).toBe(0);
  expect(out).toContain(`Usage: kurir ${words.filter((word) => word !== undefined).join(' ')}`);
  expect(out).toContain('Examples:\n  ');
  expect(out).toContain('--json');
});

describe('wrong usage', () => {
  test.each([
    [['sned'], 'Did you mean send?'],
    [['keys', 'create'], "required option '--label <text>' not specified"],
    ...['fast', '0', '-1', '1001', '1.5', ''].map((pace): [string[], string] => [
      ['numbers', 'set', '1', '--pace', pace],
      'Give a whole number of messages a second from 1 to 1000, off, or auto.',
    ]),
    [['numbers', 'set', '1'], 'Say what is to change: --pace <n>, off or auto; --on-unknown'],
    [['numbers', 'set', '1', '--on-unknown', 'retry'], 'Allowed choices are fail, resend'],
    [['numbers', 'set', '1', '--window-check', 'yes'], 'Allowed choices are on, off'],
    [
      ['keys', 'create', '--label', 'x', '--expires', 'tomorrow'],
      '--expires must be a date such as 2027-01-31',
    ],
    [['apps', 'add', '--name', 'x', '--verify-token', 'y'], '--app-secret-file is required'],
    [['send', '--to', '+628111111111'], 'Say what to send'],
    [['send', '--to', '+628111111111', '--template', 'y'], '--language id_ID, for example'],
    [['send', '--to', '+628111111111', 'x', '--url', 'nope'], '--url must be an address such as http://'],
    [['send', '--to', '+628111111111', 'x', '--template', 'y'], 'not both'],
  ])('%j is 2, and says how', async (words, says) => {
    expect(await runProgram(words)).toBe(2);
    expect(errors).toContain(says);
    expect(out).toBe('');
  });

  test('with --json is JSON', async () => {
    expect(await runProgram(['keys', 'create', '--json'])).toBe(2);
    expect(JSON.parse(errors)).toEqual({
      error: { code: 'usage', message: expect.stringContaining('--label') },
    });
  });
});

test('the version is the package’s', async () => {
  expect(await runProgram(['--version'])).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a gateway that is not there is 69', async () => {
  vi.stubEnv('KURIR_API_KEY', 'kur_live_x');
  expect(
    await runProgram(['send', '--to', '+628111111111', 'x', '--url', 'http://127.0.0.1:9', '--json']),
  ).toBe(69);
  expect(JSON.parse(errors)).toMatchObject({ error: { code: 'unreachable' } });
  vi.unstubAllEnvs();
});

test('settings that cannot be used are 2, all named', async () => {
  vi.stubEnv('PORT', 'x');
  vi.stubEnv('LOG_LEVEL', 'y');
  expect(await runProgram(['start'])).toBe(2);
  expect(errors).toMatch(/PORT must be .*\n.*LOG_LEVEL must be/);
  vi.unstubAllEnvs();
});
