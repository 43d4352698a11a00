// Where the poster does not go. What must not be reached is listened on: nobody comes.
import { describe, expect, test } from 'vitest';

import { names, poster, receiver, send } from '../../test/support/receivers.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';

describe('nobody is connected to at', () => {
  const PUBLIC = '93.184.215.14';

  test.each([
    ['a private address', 'http://127.0.0.1'],
    ['a private address with TLS', 'https://127.0.0.1'],
    ['another spelling of it', 'https://2130706433'],
    ['IPv6 loopback', 'https://[::1]'],
    ['a mapped address', 'https://[::ffff:127.0.0.1]'],
    ['metadata', 'https://169.254.169.254'],
    ['a name of loopback', 'https://loopback.test'],
    ['a name of IPv6 loopback', 'https://loopback6.test'],
    ['a name of a mapped address', 'https://mapped.test'],
    ['a name of which one address is private', 'https://mixed.test'],
    ['a public name without TLS', 'http://public.test'],
    ['the system’s own name', 'https://localhost'],
  ])('%s', async (_what, origin) => {
    const four = await receiver((_request, response) => response.end());
    const lookUp = names({
      'loopback.test': ['127.0.0.1'],
      'loopback6.test': ['::1'],
      'mapped.test': ['::ffff:127.0.0.1'],
      'mixed.test': ['127.0.0.1', PUBLIC],
      'public.test': [PUBLIC],
      localhost: ['::1', '127.0.0.1'],
    });
    const outcome = await send(poster({ allow: '', lookUp }), `${origin}:${four.port}/hook`);
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: 'blocked address',
      detail: expect.stringContaining('may not go to'),
    });
    expect(four.connections).toEqual([]);
  });

  test('a name that led elsewhere when its URL was checked', async () => {
    const { port, connections } = await receiver((_request, response) => response.end());
    const answers = [[PUBLIC], ['127.0.0.1']];
    const lookUp = names({ 'rebind.test': () => answers.shift() ?? [] });
    const url = `https://rebind.test:${port}/hook`;
    await checkWebhookUrl(url, { webhookAllow: '' }, lookUp);
    expect(await send(poster({ allow: '', lookUp }), url)).toMatchObject({
      kind: 'failed',
      reason: 'blocked address',
    });
    expect(connections).toEqual([]);
  });

  test('a name that leads elsewhere from one connection to the next; each is looked up once', async () => {
    const { port, reachedAt } = await receiver(
      (_request, response) => response.writeHead(200, { connection: 'close' }).end(),
      '0.0.0.0',
    );
    // Were it looked up a second time after it was judged, the first connection would go to what is not allowed.
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1']];
    const lookUp = names({ 'rebind.test': () => answers.shift() ?? [] });
    const by = poster({ allow: '127.0.0.1', lookUp });
    const url = `http://rebind.test:${port}/hook`;
    expect(await send(by, url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(await send(by, url)).toMatchObject({ kind: 'failed', reason: 'blocked address' });
    expect(await send(by, url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(reachedAt).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(lookUp.asked).toHaveLength(3);
  });

  test('where the connection ends up, whatever was asked for', async () => {
    let requests = 0;
    const { port } = await receiver((_request, response) => {
      requests += 1;
      response.end();
    });
    // Connecting to 0.0.0.0 leads to this machine.
    const outcome = await send(poster({ allow: '0.0.0.0' }), `http://0.0.0.0:${port}`);
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'blocked address' });
    expect(requests).toBe(0);
  });

  test.each([301, 302, 303, 307, 308])('the target of a redirect (%i)', async (status) => {
    const target = await receiver((_request, response) => response.end());
    const location = `http://127.0.0.1:${target.port}/inside`;
    const { port } = await receiver((_request, response) => response.writeHead(status, { location }).end());
    expect(await send(poster(), `http://127.0.0.1:${port}`)).toMatchObject({ kind: 'answered', status });
    expect(target.connections).toEqual([]);
  });
});
