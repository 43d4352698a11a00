// Meta cannot be reached at all: the log says so once, and once when it is over; readiness tells it; what was accepted is kept and goes.
import { pino } from 'pino';
import { expect, test } from 'vitest';

import { freePort } from '../../src/storage/free-port.ts';
import { startHouse, until } from '../support/house.ts';
import { comesTo, post } from '../support/lost-answer.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';

test('is said once, with where and why, and once when it is over', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'info', base: null },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  await using house = await startHouse({ config: { graphUrl: `http://${host}` }, log });
  const customers = Array.from({ length: 20 }, (_, i) => `+120255501${i + 20}`);
  const ids = await Promise.all(customers.map((to) => post(house, to)));
  for (const id of ids) await comesTo(house, id, 'not_sent');
  const about = (words: RegExp): unknown[] => lines.filter((line) => words.test(String(line['msg'])));
  const why = { host, reason: 'the connection was refused' };
  expect(about(/Meta cannot be reached/)).toMatchObject([why]);
  expect(about(/attempt ended/)).toEqual([]);
  const ready = await house.request('GET', '/health/ready');
  expect(ready.status).toBe(200);
  expect(ready.body.data.checks).toContainEqual({
    name: 'meta',
    ok: true,
    detail: `${host} cannot be reached: the connection was refused`,
  });
  await using meta = await startMetaByHand(port);
  for (const id of ids) await comesTo(house, id, 'accepted');
  expect(meta.calls).toHaveLength(ids.length);
  await until('it is over', async () => about(/Meta is reached again/).length === 1);
  expect(about(/Meta cannot be reached/)).toHaveLength(1);
  const after = await house.request('GET', '/health/ready');
  expect(after.text).not.toContain('cannot be reached');
}, 60_000);
