// Listening: what happens is fetched by who cannot be reached, signed, tried again and settled as if it had been posted; and `kurir listen`
// as it is typed, in a process of its own.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { systemClock, type Clock } from '../../src/kernel/clock.ts';
import { isUnused } from '../../src/storage/data-directory.ts';
import { expectKirimError, expectStatus } from '../support/expect-reply.ts';
import { startHook } from '../support/hook.ts';
import { startHouse, until, type House, type Reply } from '../support/house.ts';
import { KURIR } from '../support/processes.ts';

const PATH = '/v1/webhook_subscriptions';
const MINUTE_MS = 60_000;

type Data = Reply['body']['data'];

let shiftMs = 0;
let house: House;
beforeAll(async () => {
  house = await startHouse({ clock: { ...systemClock, now: () => systemClock.now() + shiftMs } });
});
afterAll(() => house[Symbol.asyncDispose]());

async function listener(description: string, more: object = {}): Promise<Data> {
  const body = { url: null, events: ['message.created'], description, ...more };
  const made = await house.request('POST', PATH, body);
  expect([200, 201]).toContain(made.status);
  return made.body.data;
}

async function fetched(id: string, body: object = {}): Promise<Data> {
  const reply = await house.request('POST', `${PATH}/${id}/fetch`, body);
  expectStatus(reply, 200);
  return reply.body.data;
}

const report = (id: string, results: object[]) => house.request('POST', `${PATH}/${id}/results`, { results });

async function delivery(id: string): Promise<Data> {
  return (await house.request('GET', `/v1/webhook_deliveries/${id}`)).body.data;
}

function isSigned(headers: Record<string, unknown>, body: string, secret: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-kirim-signature'])) ?? [];
  return v1 === createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
}

const lowered = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('who asks', () => {
  test('finds the same listener with the same secret again, and what waits for it', async () => {
    const first = await listener('again');
    await house.sendText('+12025550130');
    const second = await listener('again', { events: ['message.created', 'message.status'] });
    expect([second.id, second.initial_secret]).toEqual([first.id, first.initial_secret]);
    expect(second.events).toEqual(['message.created', 'message.status']);
    const [one, ...others] = await fetched(first.id);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ event_type: 'message.created', attempt: 1 });
    expect(isSigned(lowered(one.headers), one.body, first.initial_secret)).toBe(true);
    expect(lowered(one.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-kirim-delivery-id': one.delivery_id,
    });
    const other = await listener('another');
    expect(other.id).not.toBe(first.id);
    expect(other.initial_secret).not.toBe(first.initial_secret);
    // The secret stays also where it was deleted meanwhile.
    await house.request('DELETE', `${PATH}/${first.id}`);
    const third = await listener('again');
    expect(third.id).not.toBe(first.id);
    expect(third.initial_secret).toBe(first.initial_secret);
    const stranger = await house.addOrganisation('Toko Sebelah');
    const theirs = await house.request(
      'POST',
      PATH,
      { url: null, events: ['*'], description: 'again' },
      { authorization: `Bearer ${stranger.apiKey}` },
    );
    expect(theirs.body.data.initial_secret).not.toBe(first.initial_secret);
  });

  test('is answered when something comes, and with nothing when nothing does; what it has is nobody else’s', async () => {
    const { id } = await listener('waits');
    expect(await fetched(id)).toEqual([]);
    const asked = fetched(id, { wait_seconds: 20 });
    await house.sendText('+12025550131');
    const [one] = await asked;
    expect(await fetched(id)).toEqual([]);
    // Its lease ends: it died, perhaps.
    shiftMs += MINUTE_MS;
    expect((await fetched(id))[0].delivery_id).toBe(one.delivery_id);
  });

  test('says what came of it, and that is settled as of any delivery', async () => {
    const { id } = await listener('settles');
    for (let i = 0; i < 3; i++) await house.sendText(`+1202555014${i}`);
    const [good, refused, failed] = await fetched(id);
    const said = await report(id, [
      { delivery_id: good.delivery_id, status: 204, ms: 3.5 },
      { delivery_id: refused.delivery_id, status: 404, ms: 3 },
      { delivery_id: failed.delivery_id, error: 'nobody listens there', ms: 1 },
      { delivery_id: 'wbd_00000000000000000000000000', status: 200, ms: 1 },
    ]);
    expect(said.body.data).toEqual({ settled: 3 });
    expect(await delivery(good.delivery_id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await delivery(refused.delivery_id)).toMatchObject({ status: 'dead' });
    expect(await delivery(failed.delivery_id)).toMatchObject({
      status: 'pending',
      tries: [{ error: 'unreachable', detail: 'nobody listens there' }],
    });
    // Said twice it counts once.
    expect(
      (await report(id, [{ delivery_id: good.delivery_id, status: 500, ms: 1 }])).body.data.settled,
    ).toBe(0);
    shiftMs += MINUTE_MS;
    const [again, ...others] = await fetched(id);
    expect([again.delivery_id, again.attempt, others]).toEqual([failed.delivery_id, 2, []]);
  });

  test('not for five minutes and more has nothing kept, and hears again when it asks', async () => {
    const { id } = await listener('sleeps');
    shiftMs += 7 * MINUTE_MS;
    await house.sendText('+12025550135');
    expect(await fetched(id)).toEqual([]);
    await house.sendText('+12025550136');
    expect(await fetched(id)).toHaveLength(1);
  });

  test('is never turned off by what fails', async () => {
    const { id } = await listener('fails', { events: ['webhook.test'] });
    for (let i = 0; i < 3; i++) {
      await house.request('POST', `${PATH}/${id}/test`);
      const [one] = await fetched(id);
      await report(id, [{ delivery_id: one.delivery_id, status: 410, ms: 1 }]);
    }
    const { data } = (await house.request('GET', `${PATH}/${id}`)).body;
    expect(data).toMatchObject({ status: 'active', dead_in_a_row: 3 });
  });

  test('for what is posted elsewhere, or badly, is refused', async () => {
    const posted = await house.request('POST', PATH, { url: 'https://hooks.example.com/a', events: ['*'] });
    const { id } = posted.body.data;
    expectKirimError(await house.request('POST', `${PATH}/${id}/fetch`), 'invalid_request');
    const mine = await listener('refused');
    for (const [body, param] of [
      [{ max: 51 }, 'max'],
      [{ wait_seconds: 26 }, 'wait_seconds'],
      [{ for: 1 }, 'for'],
    ] as const)
      expectKirimError(
        await house.request('POST', `${PATH}/${mine.id}/fetch`, body),
        'invalid_field_value',
        param,
      );
    expectKirimError(await report(mine.id, []), 'invalid_field_value', 'results');
    const bad = [{ delivery_id: 'x', status: 99, ms: 1 }];
    expectKirimError(await report(mine.id, bad), 'invalid_field_value', 'results[0].status');
  });
});

test('what happens wakes who waits: it need not look again', async () => {
  // Looks are made every second; here never.
  const after: Clock['after'] = (ms, act) => systemClock.after(ms === 1_000 ? 60 * MINUTE_MS : ms, act);
  await using still = await startHouse({ clock: { ...systemClock, after } });
  const body = { url: null, events: ['webhook.test'] };
  const { id } = (await still.request('POST', PATH, body)).body.data;
  const asked = still.request('POST', `${PATH}/${id}/fetch`, { wait_seconds: 25 });
  const told = await still.request('POST', `${PATH}/${id}/test`);
  const [one] = (await asked).body.data;
  expect(one.event_id).toBe(told.body.data.id);
  // And so does what is sent again.
  const again = still.request('POST', `${PATH}/${id}/fetch`, { wait_seconds: 25 });
  await still.request('POST', `/v1/webhook_deliveries/${one.delivery_id}/replay`);
  expect((await again).body.data[0].event_id).toBe(one.event_id);
}, 20_000);

test('who has gone is given nothing: the next one who asks gets it at once', async () => {
  const { id } = await listener('goes', { events: ['webhook.test'] });
  for (let i = 0; i < 5; i++) {
    const going = new AbortController();
    const asked = fetch(`${house.gateway.url}${PATH}/${id}/fetch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ wait_seconds: 25 }),
      signal: going.signal,
    });
    await house.request('GET', PATH);
    going.abort();
    await expect(asked).rejects.toThrow('aborted');
    await house.request('GET', PATH);
    const told = await house.request('POST', `${PATH}/${id}/test`);
    const [one] = await fetched(id, { wait_seconds: 10 });
    expect(one?.event_id).toBe(told.body.data.id);
  }
}, 60_000);

test('a gateway that stops answers who waits', async () => {
  await using other = await house.addNode();
  const { id } = await listener('stops');
  const noted = async (): Promise<unknown> =>
    (await house.ctx.db.query('select last_fetch_at from webhook_subscriptions where id = $1', [id]))[0];
  const before = await noted();
  shiftMs += 2 * MINUTE_MS;
  const asked = other.request('POST', `${PATH}/${id}/fetch`, { wait_seconds: 25 });
  await until('it to wait', async () => JSON.stringify(await noted()) !== JSON.stringify(before));
  await other.gateway.close();
  const reply = await asked;
  expectStatus(reply, 200);
  expect(reply.body.data).toEqual([]);
});

test('what comes through another node is fetched here', async () => {
  await using other = await house.addNode();
  const { id } = await listener('elsewhere');
  await until('the other node to know of it', async () => {
    await other.sendText('+12025550137');
    const [one] = await fetched(id, { wait_seconds: 1 });
    return one;
  });
});

describe('kurir listen', () => {
  test('posts what happens to the local address, says so, goes on after failures, and ends on Ctrl-C', async () => {
    await using hook = await startHook();
    const first = kurirListen(hook.url);
    const secret = await ready(first);
    await house.sendText('+12025550138');
    const heard = await until('the event', async () => hook.heard[0]);
    expect(isSigned(heard.headers, heard.body, secret)).toBe(true);
    await until('the line', async () => /<-- 200 POST 127\.0\.0\.1:\d+\/hook \d+ ms/.test(first.said()));
    expect(first.said()).toMatch(/^\d\d:\d\d:\d\d --> message\.created evt_/m);

    hook.answer((request) => void request.socket.destroy());
    await house.sendText('+12025550139');
    await until('the failure', async () => /<-- it failed \(\w+\) POST/.test(first.said()));
    // No status of HTTP's, and an answer all the same.
    hook.answer(700);
    await house.sendText('+12025550139');
    await until('that answer', async () => first.said().includes('<-- 700 POST'));
    hook.answer(200);
    await house.sendText('+12025550140');
    await until('the next one', async () => hook.heard.length >= 4);
    expect(await first.interrupt()).toBe(130);

    const second = kurirListen(hook.url);
    expect(await ready(second)).toBe(secret);
    expect(await second.interrupt()).toBe(130);
    const printed = kurirListen(hook.url, '--print-secret');
    expect(await printed.ended).toBe(0);
    expect(printed.said().trim()).toBe(secret);
  }, 60_000);

  test('waits while the gateway is away', async () => {
    await using hook = await startHook();
    const listening = kurirListen(hook.url);
    await ready(listening);
    await house.restart();
    await house.sendText('+12025550141');
    await until('the event', async () => hook.heard.length > 0, 20_000);
    expect(await listening.interrupt()).toBe(130);
  }, 60_000);

  test('is another one on another computer of the same name', async () => {
    const other = mkdtempSync(join(tmpdir(), 'kurir-listen-'));
    onTestFinished(() => rmSync(other, { recursive: true }));
    const secretIn = async (dataDir: string): Promise<string> => {
      const printed = kurirListenIn(dataDir, 'localhost:3000', '--print-secret');
      expect(await printed.ended).toBe(0);
      return printed.said().trim();
    };
    const [here, there, again] = [await secretIn(folder), await secretIn(other), await secretIn(other)];
    expect(here).toMatch(/^whsec_/);
    expect(there).not.toBe(here);
    expect(again).toBe(there);
    expect(isUnused(other)).toBe(true);
  }, 30_000);

  test('says what is wrong with the address, and who may not ask', async () => {
    const nonsense = [
      'http://',
      'ftp://localhost:1/',
      '/hook',
      'not an address',
      'localhost:99999',
      'http://a:b@localhost:1',
    ];
    const wrong = nonsense.map((one) => kurirListen(one));
    for (const [i, one] of wrong.entries()) {
      expect([nonsense[i], await one.ended]).toEqual([nonsense[i], 2]);
      expect(one.said()).toContain(
        `--forward-to must be an address such as http://localhost:3000/hook, or a port, not "${nonsense[i]}"`,
      );
    }
    const port = kurirListen('3000/hook');
    await ready(port);
    expect(port.said()).toContain('posted to http://localhost:3000/hook, signed');
    await port.interrupt();
    const denied = kurirListen('localhost:1', '--url', house.gateway.url, '--api-key-file', '/dev/null');
    expect(await denied.ended).toBe(3);
  });
});

interface Typed {
  said(): string;
  ended: Promise<number | null>;
  /** Ctrl-C. */
  interrupt(): Promise<number | null>;
}

const folder = mkdtempSync(join(tmpdir(), 'kurir-listen-'));
afterAll(() => rmSync(folder, { recursive: true }));

function kurirListen(forwardTo: string, ...more: string[]): Typed {
  return kurirListenIn(folder, forwardTo, ...more);
}

function kurirListenIn(dataDir: string, forwardTo: string, ...more: string[]): Typed {
  const args = [KURIR, 'listen', '--forward-to', forwardTo, '--events', 'message.created', ...more];
  const env = {
    PATH: process.env['PATH'] ?? '',
    NO_COLOR: '1',
    KURIR_URL: house.gateway.url,
    KURIR_API_KEY: house.apiKey,
    KURIR_DATA_DIR: dataDir,
  };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => void (said += chunk));
  const ended = once(child, 'close').then(() => child.exitCode);
  return {
    said: () => said,
    ended,
    interrupt() {
      child.kill('SIGINT');
      return ended;
    },
  };
}

function ready(typed: Typed): Promise<string> {
  return until('it to be ready', async () => /signed with (whsec_\S+)/.exec(typed.said())?.[1], 30_000);
}
