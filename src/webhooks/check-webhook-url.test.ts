import { describe, expect, test } from 'vitest';

import { KurirError } from '../kernel/errors.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';

const PUBLIC = '93.184.215.14';
const NAMES: Record<string, string[]> = {
  'hooks.example.com': [PUBLIC, '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'loopback.example.com': ['127.0.0.1'],
  'mixed.example.com': [PUBLIC, '10.0.0.7'],
  'mixed6.example.com': [PUBLIC, '::ffff:10.0.0.7'],
  'metadata.google.internal': ['169.254.169.254'],
  'public.corp.internal': [PUBLIC],
  'localhost.': ['127.0.0.1', '::1'],
  localhost: ['127.0.0.1', '::1'],
  'inside.example.com': ['10.20.0.5'],
};

async function lookUp(name: string): Promise<string[]> {
  const addresses = NAMES[name];
  if (!addresses) throw Object.assign(new Error(`queryA ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
  return addresses;
}

function check(url: string, webhookAllow = ''): Promise<URL> {
  return checkWebhookUrl(url, { webhookAllow }, lookUp);
}

async function refusalOf(url: string, webhookAllow = ''): Promise<string> {
  const error: unknown = await check(url, webhookAllow).catch((fault: unknown) => fault);
  if (!(error instanceof KurirError)) throw new Error(`${url} was taken`);
  expect(error).toMatchObject({ code: 'invalid_webhook_url', status: 400, details: { param: 'url' } });
  return error.message;
}

describe('takes', () => {
  test.each([
    'https://hooks.example.com',
    'https://hooks.example.com/a/b?c=d',
    'https://hooks.example.com:443/a',
    'https://hooks.example.com:80/a',
    'https://hooks.example.com:8443/a',
    `https://${PUBLIC}/a`,
    'https://[2606:4700::1111]/a',
    'https://public.corp.internal/a',
    `https://hooks.example.com/${'x'.repeat(2_022)}`,
  ])('%s', async (url) => {
    expect((await check(url)).href).toBe(new URL(url).href);
  });

  test('a name that leads nowhere yet: its deliveries will say so', async () => {
    expect((await check('https://soon.example.com/a')).hostname).toBe('soon.example.com');
  });
});

describe('says what is wrong with', () => {
  test.each([
    ['', 'must be a whole address, such as https://'],
    ['hooks.example.com/a', 'must be a whole address'],
    ['ftp://hooks.example.com/a', 'must be a whole address'],
    ['javascript:alert(1)', 'must be a whole address'],
    ['file:///etc/passwd', 'must be a whole address'],
    ['https://', 'must be a whole address'],
    ['https://[::1%25lo]/', 'must be a whole address'],
    ['https://1.2.3.4.5/', 'must be a whole address'],
    ['http://hooks.example.com/a', 'must begin with https://'],
    ['http://soon.example.com/a', 'must begin with https://'],
    [`http://${PUBLIC}/a`, 'must begin with https://'],
    ['https://user@hooks.example.com/a', 'no user name or password'],
    ['https://:pass@hooks.example.com/a', 'no user name or password'],
    ['https://hooks.example.com/a#b', 'no fragment'],
    ['https://hooks.example.com/a#', 'no fragment'],
    ['https://hooks.example.com:22/', 'port 22'],
    ['https://hooks.example.com:1023/', 'port 1023'],
    ['https://hooks.example.com:0/', 'port 0'],
    [`https://hooks.example.com/${'x'.repeat(2_023)}`, '2049 characters'],
  ])('%s', async (url, says) => {
    expect(await refusalOf(url)).toContain(says);
  });
});

// The parser of URLs makes one spelling of all; this shows it.
const SPELLINGS = {
  'short and decimal': '127.0.0.1 127.1 127.0.1 127.0.0.1. 2130706433 2130706433. 0 10.1 192.168.257',
  'octal and hexadecimal': '0x7f000001 0x7f.0.0.1 0x7F.1 0177.0.0.1 017700000001 0xa9fea9fe',
  'full-width, circled, escaped': '１２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 %31%32%37.0.0.1',
  IPv6: '[::1] [0:0:0:0:0:0:0:1] [::] [fe80::1] [fec0::1] [fd00:ec2::254] [100::1]',
  'IPv4 in IPv6':
    '[::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:4136:e378:8000:63bf:80ff:fffe]',
  metadata: '169.254.169.254 168.63.129.16 100.100.100.200',
};

const spellings = Object.entries(SPELLINGS).flatMap(([what, list]) =>
  list.split(' ').map((host): [string, string] => [what, host]),
);

test.each(spellings)('sees through the spelling of an address, %s: %s', async (_what, host) => {
  expect(await refusalOf(`https://${host}/a`)).toContain('is not a public address');
});

describe('refuses a name that leads', () => {
  test.each([
    ['to loopback', 'https://loopback.example.com'],
    ['to loopback', 'https://localhost:8443'],
    ['to loopback, with its dot', 'https://LOCALHOST.'],
    ['to metadata', 'https://metadata.google.internal/computeMetadata/v1'],
    ['also to a private address', 'https://mixed.example.com'],
    ['also to a mapped private address', 'https://mixed6.example.com'],
  ])('%s: %s', async (_where, url) => {
    const says = await refusalOf(url);
    expect(says).toContain('leads to an address that is not public');
    // What stands behind a name inside is not told outside.
    expect(says).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  });
});

describe('in a network that the operator allowed', () => {
  const OWN = '127.0.0.0/8,::1,10.20.0.0/16';

  test.each([
    'http://127.0.0.1:3000/hook',
    'http://localhost:3000/hook',
    'http://[::1]:3000/hook',
    'http://inside.example.com/hook',
    'https://inside.example.com/hook',
    'https://hooks.example.com/hook',
  ])('takes %s', async (url) => {
    expect((await check(url, OWN)).href).toBe(url);
  });

  test.each([
    ['http://hooks.example.com/hook', 'must begin with https://'],
    ['https://mixed.example.com/hook', 'leads to an address that is not public'],
    ['http://localhost:22/hook', 'port 22'],
    ['https://169.254.169.254/latest', 'is not a public address'],
  ])('refuses %s', async (url, says) => {
    expect(await refusalOf(url, OWN)).toContain(says);
  });
});
