// The client on the wire: what a real server that speaks TLS sees of it.
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';

import { CERTIFICATE, KEY } from '../../test/support/localhost-certificate.ts';
import { systemClock } from '../kernel/clock.ts';
import { createMetaClient } from './client.ts';

test('speaks HTTP/1.1, also where HTTP/2 is offered', async () => {
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, CERTIFICATE]);
  const versions: string[] = [];
  const server = createSecureServer(
    { key: KEY, cert: CERTIFICATE, allowHTTP1: true },
    (request, response) => {
      versions.push(request.httpVersion);
      response.end(JSON.stringify({ messages: [{ id: 'wamid.one' }] }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const graphUrl = `https://localhost:${port}`;
  const client = createMetaClient({ graphUrl, connections: 1, timeoutMs: 10_000, clock: systemClock });
  try {
    const outcome = await client.send({ accessToken: 'a', path: '1/messages', body: {} }, () => true);
    expect(outcome).toMatchObject({ kind: 'accepted', wamid: 'wamid.one' });
    expect(versions).toEqual(['1.1']);
  } finally {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
    setDefaultCACertificates(trusted);
  }
});
