// The poster against receivers on loopback, good and bad.
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { until } from '../../test/support/house.ts';
import { CERTIFICATE, KEY } from '../../test/support/localhost-certificate.ts';
import { listen, names, poster, rawReceiver, receiver, send } from '../../test/support/receivers.ts';
import { turnableClock } from '../../test/support/turnable-clock.ts';
import { readVersion } from '../kernel/version.ts';
import { readRetryAfter } from './post-answer.ts';

describe('a receiver that behaves', () => {
  test('gets the body as it is, under our name, on a connection that is kept', async () => {
    const seen: unknown[] = [];
    const { port, connections } = await receiver((request, response) => {
      const { method, url, headers } = request;
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        seen.push({ method, url, headers, body });
        response.end('thanks');
      });
    });
    const lookUp = names({ 'hooks.test': ['127.0.0.1'] });
    const by = poster({ lookUp });
    const url = `http://hooks.test:${port}/hook?a=b`;
    for (let i = 0; i < 10; i += 1) {
      expect(await send(by, url, { 'x-own': '1' })).toEqual({
        kind: 'answered',
        status: 200,
        retryAfterMs: null,
        excerpt: 'thanks',
        ms: expect.any(Number),
      });
    }
    const request = {
      method: 'POST',
      url: '/hook?a=b',
      headers: {
        host: `hooks.test:${port}`,
        connection: 'keep-alive',
        'user-agent': `Kurir-Webhook/${readVersion()}`,
        'content-type': 'application/json',
        'x-own': '1',
        'content-length': '16',
      },
      body: '{"halo":"dunia"}',
    };
    expect(seen).toEqual(Array.from({ length: 10 }, () => request));
    // The next post may begin while undici still tidies up after the last: two take turns.
    expect(connections.length).toBeLessThanOrEqual(2);
    expect(lookUp.asked).toHaveLength(connections.length);
  });

  test.each([204, 400, 404, 410, 429, 500, 503])('is heard when it says %i', async (status) => {
    const { port } = await receiver((_request, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    );
    expect(await send(poster(), `http://127.0.0.1:${port}`)).toMatchObject({
      kind: 'answered',
      status,
      retryAfterMs: 7_000,
    });
  });

  test('may say something before it answers', async () => {
    const { port } = await receiver((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(202).end();
    });
    expect(await send(poster(), `http://127.0.0.1:${port}`)).toMatchObject({ kind: 'answered', status: 202 });
  });

  test('speaks TLS under its own name, by an authority that this machine trusts', async () => {
    const trusted = getCACertificates('default');
    const answer: RequestListener = (_request, response) => response.end('safe');
    const { port } = await listen(createHttpsServer({ key: KEY, cert: CERTIFICATE }, answer));
    const lookUp = names({ localhost: ['127.0.0.1'], 'other.test': ['127.0.0.1'] });
    expect(await send(poster({ lookUp }), `https://localhost:${port}`)).toMatchObject({
      kind: 'failed',
      reason: 'tls',
    });
    setDefaultCACertificates([...trusted, CERTIFICATE]);
    try {
      const by = poster({ lookUp });
      expect(await send(by, `https://localhost:${port}`)).toMatchObject({
        kind: 'answered',
        excerpt: 'safe',
      });
      expect(await send(by, `https://other.test:${port}`)).toMatchObject({
        kind: 'failed',
        reason: 'tls',
        detail: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
      });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});

describe('ten seconds are the time for all of it:', () => {
  const PIECES = 10;

  test.each([
    { what: 'no answer', head: '', drips: false, detail: 'no answer came within 10 s' },
    {
      what: 'nothing after the first words',
      head: 'HTTP/1.1 102 Processing\r\n\r\n',
      drips: false,
      detail: 'no answer came within 10 s',
    },
    {
      what: 'headers that come byte by byte',
      head: 'HTTP/1.1 200 OK\r\nx-slow: ',
      drips: true,
      detail: 'no answer came within 10 s',
    },
    {
      what: 'a body that comes byte by byte',
      head: 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n',
      drips: true,
      detail: 'the answer (200) did not end within 10 s',
    },
  ])('$what is a failure, and the connection is closed', async ({ head, drips, detail }) => {
    let pieces = 0;
    const made = await rawReceiver((socket) => {
      if (head !== '') socket.write(head);
      const timer = setInterval(() => {
        pieces += 1;
        if (drips) socket.write('a');
      }, 5);
      socket.once('close', () => clearInterval(timer));
    });
    const clock = turnableClock(0);
    const outcome = send(poster({ clock }), `http://127.0.0.1:${made.port}`);
    await until('some pieces', async () => pieces >= PIECES);
    clock.advance(9_999);
    await until('more pieces', async () => pieces >= 2 * PIECES);
    clock.advance(1);
    expect(await outcome).toEqual({ kind: 'failed', reason: 'timeout', detail, ms: 10_000 });
    await until('the connection to be closed', async () => made.open() === 0);
  });

  test('a name server that says nothing is a failure', async () => {
    const lookUp = () => new Promise<string[]>(() => undefined);
    const outcome = await send(poster({ timeoutMs: 100, lookUp }), 'http://hooks.test');
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('what found no connection in time is not posted afterwards', async () => {
    const paths: (string | undefined)[] = [];
    const { port } = await receiver((request, response) => {
      paths.push(request.url);
      response.end();
    });
    const held: ((addresses: string[]) => void)[] = [];
    const clock = turnableClock(0);
    const by = poster({ clock, lookUp: () => new Promise((resolve) => held.push(resolve)) });
    const late = send(by, `http://hooks.test:${port}/late`);
    await until('the look-up', async () => held.length === 1);
    clock.advance(10_000);
    expect(await late).toMatchObject({
      reason: 'timeout',
      detail: 'no connection came about within 10 s',
    });
    const next = send(by, `http://hooks.test:${port}/next`);
    await until('the second look-up', async () => held.length === 2);
    for (const found of held) found(['127.0.0.1']);
    expect(await next).toMatchObject({ kind: 'answered' });
    expect(paths).toEqual(['/next']);
  });
});

describe('of the answer', () => {
  test('at most 64 KB is read, a thousand characters are kept, and the connection is closed', async () => {
    let written = 0;
    const made = await rawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = () => {
        while (!socket.destroyed && written < 500_000_000) {
          written += 65_536;
          if (!socket.write('😀'.repeat(16_384))) return void socket.once('drain', pour);
        }
      };
      pour();
    });
    const outcome = await send(poster(), `http://127.0.0.1:${made.port}`);
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, excerpt: '😀'.repeat(1_000) });
    await until('the connection to be closed', async () => made.open() === 0);
    expect(written).toBeLessThan(100_000_000);
  });

  test('nothing is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const { port } = await receiver((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const outcome = await send(poster(), `http://127.0.0.1:${port}`);
    if (outcome.kind !== 'answered') throw new Error(outcome.detail);
    expect(outcome.excerpt).toHaveLength(1_000);
    expect(outcome.excerpt).toContain('\u001f\ufffd');
  });

  test('what PostgreSQL cannot hold is mended', async () => {
    const { port } = await receiver((_request, response) =>
      response.end(Buffer.from([65, 0, 66, 0xff, 0xed, 0xa0, 0x80])),
    );
    const outcome = await send(poster(), `http://127.0.0.1:${port}`);
    if (outcome.kind !== 'answered') throw new Error(outcome.detail);
    expect(outcome.excerpt).toMatch(/^A\ufffdB\ufffd+$/);
    expect(outcome.excerpt.isWellFormed()).toBe(true);
  });

  const NOW = Date.parse('Sat, 21 Nov 2026 12:00:00 GMT');
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['86400', 86_400_000],
    ['999999', 86_400_000],
    ['999999999999', 86_400_000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 21 Nov 2027 12:00:00 GMT', 86_400_000],
    ['', null],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['soon', null],
    ['2026-11-21', null],
    ['Sat, 99 Foo 2026 12:00:00 GMT', null],
  ])('Retry-After: %s is %s ms', (text, ms) => {
    expect(readRetryAfter(text, NOW)).toBe(ms);
  });
});

describe('says why there is no answer:', () => {
  test.each<[string, (socket: Socket) => void, string]>([
    ['closed without a word', (socket) => socket.end(), 'reset'],
    ['reset', (socket) => socket.resetAndDestroy(), 'reset'],
    [
      'reset amid the answer',
      (socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', () => socket.resetAndDestroy()),
      'reset',
    ],
    ['no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'), 'bad answer'],
    [
      'headers without end',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`),
      'bad answer',
    ],
  ])('%s', async (_what, act, reason) => {
    const { port } = await rawReceiver(act);
    expect(await send(poster(), `http://127.0.0.1:${port}`)).toMatchObject({ kind: 'failed', reason });
  });

  test('refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await send(poster(), `http://127.0.0.1:${port}`)).toMatchObject({
      kind: 'failed',
      reason: 'refused',
    });
  });

  test('no TLS where it was asked for', async () => {
    const { port } = await rawReceiver((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await send(poster(), `https://127.0.0.1:${port}`)).toMatchObject({
      kind: 'failed',
      reason: 'tls',
    });
  });

  test.each([
    ['gone.test', 'gone.test was not found (ENOTFOUND)'],
    ['empty.test', 'empty.test has no address'],
  ])('%s, a name that leads nowhere', async (name, detail) => {
    const outcome = await send(poster({ lookUp: names({ 'empty.test': [] }) }), `https://${name}/hook`);
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'dns', detail });
  });

  test.each([
    ['nonsense', {}],
    ['http://127.0.0.1', { 'x-own': 'a\r\nb: c' }],
  ])('%s with %o cannot be sent', async (url, headers) => {
    expect(await send(poster(), url, headers)).toMatchObject({ kind: 'failed', reason: 'bad request' });
  });

  test('the gateway stopped', async () => {
    const made = await rawReceiver(() => undefined);
    const by = poster();
    const underWay = send(by, `http://127.0.0.1:${made.port}`);
    await until('the connection', async () => made.connections.length === 1);
    await by.close();
    expect(await underWay).toMatchObject({ kind: 'failed', reason: 'stopped' });
    expect(await send(by, `http://127.0.0.1:${made.port}`)).toMatchObject({
      kind: 'failed',
      reason: 'stopped',
    });
  });
});

test('connections have a limit over all receivers, and who waits has its turn', async () => {
  let now = 0;
  let most = 0;
  const server = () =>
    receiver((_request, response) => {
      now += 1;
      most = Math.max(most, now);
      setImmediate(() => {
        now -= 1;
        response.writeHead(200, { connection: 'close' }).end();
      });
    });
  const ports = (await Promise.all([server(), server(), server()])).map((one) => one.port);
  const by = poster({ socketsMax: 2 });
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, i) => send(by, `http://127.0.0.1:${ports[i % 3]}`)),
  );
  expect(outcomes.map((one) => one.kind)).toEqual(outcomes.map(() => 'answered'));
  expect(most).toBeLessThanOrEqual(2);
});
