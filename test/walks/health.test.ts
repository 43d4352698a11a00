// What watchers ask: with GET or HEAD, and nothing else.
import { expect, test } from 'vitest';

import { expectKirimError } from '../support/expect-reply.ts';
import { startHouse } from '../support/house.ts';

test('health is answered to GET and HEAD alike, and nothing else does anything there', async () => {
  await using house = await startHouse();
  for (const path of ['/health', '/v1/health', '/health/ready']) {
    const got = await house.request('GET', path);
    const head = await fetch(house.gateway.url + path, { method: 'HEAD' });
    expect([path, got.status, head.status, await head.text()]).toEqual([path, 200, 200, '']);
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const refused = await house.request(method, path);
      expectKirimError(refused, 'method_not_allowed');
      expect([path, method, refused.headers.get('allow')]).toEqual([path, method, 'GET, HEAD']);
    }
  }
});
