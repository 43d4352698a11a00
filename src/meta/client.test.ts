// The client on the wire: what a real server that speaks TLS sees of it.
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';

import { systemClock } from '../kernel/clock.ts';
import { createMetaClient } from './client.ts';

// Of localhost, for a hundred years; made for this test and good for nothing else.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAVQECHps4JWy0Y9t
Oo8/xQ/ohGRT/CplcXe6ZaXWxquhRANCAARLWI/MfCBWmWcKQ2YIhjjQJhkf4SSN
84DBWs+EhzyD9jwvQeOFf3uiK/+ruahPfkvsUciereQTs7YQno7w/ncu
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUctUdLb8r4zvAC1aVB4JMFvBcX5swCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA3MDYxOVoYDzIxMjYxMDI4
MDcwNjE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARLWI/MfCBWmWcKQ2YIhjjQJhkf4SSN84DBWs+EhzyD9jwvQeOFf3ui
K/+ruahPfkvsUciereQTs7YQno7w/ncuo2kwZzAdBgNVHQ4EFgQUgvEJSu+b3uCH
irm8j71CJtWgNz8wHwYDVR0jBBgwFoAUgvEJSu+b3uCHirm8j71CJtWgNz8wDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAKG4CoMpgSU3wmSa4ANFBKddADSFdJj6BO0t9ziJDwzXAiAKP0/9E6P8
Xb4dKL9/sknqG7//ZY96Sa9MJ7K+EimrOg==
-----END CERTIFICATE-----`;

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
