// `kurir send` as typed, against a gateway and a simulator.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { devSeed } from '../../simulator/dev-seed.ts';
import { PHONE_NUMBER_ID, startHouse, type House } from '../../test/support/house.ts';
import { createProgram, runProgram } from './program.ts';
import { createTerminal } from './terminal.ts';

const CUSTOMER = '+628111111111';
/** Good outside the window too. */
const TEMPLATE = ['send', '--to', CUSTOMER, '--template', 'reengagement', '--language', 'id_ID'];

let house: House;
beforeAll(async () => {
  house = await startHouse({ simulator: { templates: devSeed.templates } });
});
afterAll(() => house[Symbol.asyncDispose]());

let out: string;
let errors: string;
beforeEach(() => {
  [out, errors] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  vi.stubEnv('KURIR_URL', house.gateway.url);
  vi.stubEnv('KURIR_API_KEY', house.apiKey);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test('the template of its own --help is sent', async () => {
  const help = createProgram({ terminal: createTerminal({}), exitCode: 0 }).commands.find(
    (command) => command.name() === 'send',
  );
  help?.configureOutput({ writeOut: (text) => (out += text) }).outputHelp();
  const [example = ''] = out.match(/^ *kurir send .*--template.*$/m) ?? [];
  const words = example.trim().split(' ').slice(1);
  expect(words).toContain('--language');
  expect(await runProgram([...words, '--wait', 'delivered'])).toBe(0);
  expect(out).toMatch(/✓ (delivered|read) +msg_/);
});

test('of a template in a language that is not there it says which flag to look at', async () => {
  const words = ['send', '--to', CUSTOMER, '--template', 'order_confirmation', '--language', 'en'];
  expect(await runProgram([...words, '--var', 'Budi', 'ORD-1'])).toBe(6);
  expect(out).toContain('--language id_ID for example');
});

test('a wait in vain is 7, says how far it is, and shows no tick', async () => {
  expect(await runProgram([...TEMPLATE, '--wait', 'read', '--timeout', '0'])).toBe(7);
  expect(errors).toMatch(/^✗ msg_\w+ is still \w+; waited 0 s for read\.\n$/);
  expect(out).toBe('');
});

test('with several numbers it asks for --number', async () => {
  await house.addNumber({ phoneNumberId: '106540352242923', phone: '628511760008030' });
  await house.restart();
  vi.stubEnv('KURIR_URL', house.gateway.url);
  expect(await runProgram(TEMPLATE)).toBe(2);
  expect(errors).toContain('Name it with --number');
  expect(await runProgram([...TEMPLATE, '--number', PHONE_NUMBER_ID])).toBe(0);
});

test('without a key, and with nothing running on the data folder, it names the folder and how to name another', async () => {
  vi.stubEnv('KURIR_API_KEY', '');
  vi.stubEnv('KURIR_DATA_DIR', '/nowhere/kurir');
  expect(await runProgram(TEMPLATE)).toBe(3);
  expect(errors).toMatch(/no API key.*\/nowhere\/kurir.*KURIR_API_KEY.*KURIR_DATA_DIR/);
});
