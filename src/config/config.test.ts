import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

import { ConfigError, onPorts, readClientConfig, readConfig } from './config.ts';
import type { Environment } from './read-env.ts';
import { allSettings } from './settings.ts';

const SECRET = 'a-secret-of-more-than-32-characters';
const DATABASE_URL = 'postgres://kurir:pw@db:5432/kurir';
const folder = mkdtempSync(join(tmpdir(), 'kurir-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('readConfig', () => {
  test('runs without any setting', () => {
    const { config, secrets } = readConfig({}, 'development');
    expect(config).toMatchObject({ host: '127.0.0.1', port: 4000, simulatorPort: 4001, sendWaitMs: 10_000 });
    expect(config).toMatchObject({ graphUrl: 'http://127.0.0.1:4001', publicUrl: 'http://127.0.0.1:4000' });
    expect(config.databaseUrl).toBeUndefined();
    expect(config.dataDir).toBe(join(process.cwd(), 'data'));
    expect(Object.isFrozen(config)).toBe(true);
    expect(secrets).toBeUndefined();
  });

  test('asks Meta itself in production', () => {
    expect(readConfig({}, 'production').config.graphUrl).toBe('https://graph.facebook.com');
  });

  test('lets webhooks go to loopback in development, to no private address otherwise', () => {
    expect(readConfig({}, 'development').config.webhookAllow).toBe('127.0.0.0/8,::1');
    expect(readConfig({}, 'production').config.webhookAllow).toBe('');
    const own = { KURIR_WEBHOOK_ALLOW: '10.0.0.0/8, fd12::/16' };
    expect(readConfig(own, 'development').config.webhookAllow).toBe('10.0.0.0/8, fd12::/16');
  });

  test('takes what is given, and an empty value as none', () => {
    const env = {
      HOST: '0.0.0.0',
      PORT: '80',
      KURIR_PUBLIC_URL: 'https://kurir.example.com/',
      LOG_LEVEL: '',
      KURIR_SEND_WAIT_MS: '0',
    };
    const { config } = readConfig(env, 'production');
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 80,
      publicUrl: 'https://kurir.example.com',
      logLevel: 'info',
      sendWaitMs: 0,
    });
  });

  test.each([
    [{ PORT: 'http' }, 'PORT', 'must be a whole number from 0 to 65535, not "http"'],
    [{ PORT: '65536' }, 'PORT', 'must be a whole number'],
    [{ PORT: '-1' }, 'PORT', 'must be a whole number'],
    [{ PORT: '4e3' }, 'PORT', 'must be a whole number'],
    [{ PORT: '4001' }, 'KURIR_SIMULATOR_PORT', 'is the PORT of the gateway'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL', 'must be one of fatal, error'],
    [
      { KURIR_GRAPH_URL: 'graph.facebook.com' },
      'KURIR_GRAPH_URL',
      'must be an address with http:// or https://',
    ],
    [
      { DATABASE_URL: 'mysql://db/kurir', KURIR_SECRET: SECRET },
      'DATABASE_URL',
      'must be an address with postgres://',
    ],
    [{ KURIR_WEBHOOK_ALLOW: '10.0.0.0/8, hooks' }, 'KURIR_WEBHOOK_ALLOW', 'must be networks such as'],
    [{ KURIR_WEBHOOK_ALLOW: '10.0.0.0/33' }, 'KURIR_WEBHOOK_ALLOW', 'must be networks such as'],
    [{ KURIR_SECRET: 'short' }, 'KURIR_SECRET', 'must have 32 characters or more'],
    [{ KURIR_SECRET_OLD: SECRET }, 'KURIR_SECRET_OLD', 'is set without KURIR_SECRET'],
    [{ DATABASE_URL }, 'KURIR_SECRET', 'is not set, but DATABASE_URL is'],
    [
      { KURIR_SECRET_FILE: '/nowhere' },
      'KURIR_SECRET_FILE',
      'names a file that cannot be read (ENOENT): /nowhere',
    ],
    [
      { KURIR_SECRET: SECRET, KURIR_SECRET_FILE: '/nowhere' },
      'KURIR_SECRET_FILE',
      'is set, and so is KURIR_SECRET',
    ],
  ])('refuses %o', (env, name, problem) => {
    const complaints = complaintsOf(env);
    expect(complaints).toEqual([
      { name, problem: expect.stringContaining(problem), example: expect.any(String) },
    ]);
  });

  test('complains of everything at once, with an example, and shows no secret', () => {
    const complaints = complaintsOf({
      PORT: 'x',
      LOG_LEVEL: 'y',
      DATABASE_URL: 's3cret-without-a-protocol',
    });
    expect(complaints.map((one) => one.name)).toEqual(['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'KURIR_SECRET']);
    const { message } = new ConfigError(complaints);
    expect(message).toContain('Example: PORT=4000');
    expect(message).not.toContain('s3cret');
  });
});

describe('secrets', () => {
  test('come with older ones, and do not show when printed', () => {
    const { secrets } = readConfig(
      { DATABASE_URL, KURIR_SECRET: SECRET, KURIR_SECRET_OLD: 'one,two' },
      'production',
    );
    expect(secrets?.sealing).toEqual([SECRET, 'one', 'two']);
    expect(inspect(secrets) + JSON.stringify(secrets)).not.toContain(SECRET);
  });

  test('come from files', () => {
    const file = join(folder, 'secret');
    writeFileSync(file, `${SECRET}\n`);
    expect(readConfig({ KURIR_SECRET_FILE: file }, 'production').secrets?.sealing).toEqual([SECRET]);
  });
});

test('a config on other ports follows with what was derived from them, and with nothing else', () => {
  const ports = { port: 5000, simulatorPort: 5001 };
  const free = readConfig({ PORT: '0', KURIR_SIMULATOR_PORT: '0' }, 'development').config;
  expect(onPorts(free, ports)).toMatchObject({
    ...ports,
    publicUrl: 'http://127.0.0.1:5000',
    graphUrl: 'http://127.0.0.1:5001',
  });
  const given = readConfig(
    { KURIR_PUBLIC_URL: 'https://k.example.com', KURIR_GRAPH_URL: 'http://fake:1' },
    'development',
  ).config;
  expect(onPorts(given, ports)).toMatchObject({
    publicUrl: 'https://k.example.com',
    graphUrl: 'http://fake:1',
  });
});

test('the client settings are checked alike', () => {
  expect(readClientConfig({ KURIR_URL: 'http://a/', KURIR_API_KEY: 'k' })).toEqual({
    url: 'http://a',
    apiKey: 'k',
  });
  expect(() => readClientConfig({ KURIR_URL: 'a' })).toThrow('KURIR_URL must be an address');
});

test('every setting has a name of its own, one line of doc and an example', () => {
  const names = allSettings().map((setting) => setting.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { doc, example } of allSettings())
    expect([doc, example].every((text) => text !== '' && !text.includes('\n'))).toBe(true);
});

function complaintsOf(env: Environment): ConfigError['complaints'] {
  try {
    readConfig(env, 'production');
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints;
    throw error;
  }
  throw new Error('It was accepted.');
}
