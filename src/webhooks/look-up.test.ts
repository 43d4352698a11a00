// Against name servers of this test's own, over UDP.
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';

import { createLookUp } from './look-up.ts';

const servers: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const TYPE_A = 1;
const NO_SUCH_NAME = 3;

interface NameServer {
  at: string;
  asked: string[];
  /** Answers what it kept back. */
  letGo(): void;
}

/** Answers with the IPv4 address of a name, or "no such name"; names that begin with `slow` have to wait. */
async function startNameServer(names: Record<string, string>): Promise<NameServer> {
  const kept: (() => void)[] = [];
  const asked: string[] = [];
  const server = createSocket('udp4', (question, from) => {
    const { name, type, end } = readQuestion(question);
    asked.push(`${type === TYPE_A ? 'A' : 'AAAA'} ${name}`);
    const address = names[name];
    const found = address !== undefined && type === TYPE_A ? [address] : [];
    const packet = answer(question.subarray(0, end), address === undefined ? NO_SUCH_NAME : 0, found);
    const send = () => server.send(packet, from.port);
    if (name.startsWith('slow')) kept.push(send);
    else send();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const letGo = () => kept.splice(0).forEach((send) => send());
  return { at: `127.0.0.1:${port}`, asked, letGo };
}

function readQuestion(packet: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

function answer(question: Buffer, code: number, addresses: string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const rows = addresses.map((address) =>
    Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([head, ...rows]);
}

test('asks the name servers, and once for who asks at the same time', async () => {
  const { at, asked } = await startNameServer({ 'hooks.example.com': '192.0.2.7' });
  const lookUp = createLookUp([at]);
  const found = await Promise.all([lookUp('hooks.example.com'), lookUp('hooks.example.com')]);
  expect(found).toEqual([['192.0.2.7'], ['192.0.2.7']]);
  expect(asked.toSorted()).toEqual(['A hooks.example.com', 'AAAA hooks.example.com']);
  // What was found is not kept: every connection asks anew.
  await lookUp('hooks.example.com');
  expect(asked).toHaveLength(4);
});

test('asks the system for what is no name of the internet', async () => {
  const { at, asked } = await startNameServer({});
  const addresses = await createLookUp([at])('localhost');
  expect(addresses.every((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
  expect(addresses).not.toEqual([]);
  expect(asked).toEqual([]);
});

test('a name nobody knows is an error', async () => {
  const { at, asked } = await startNameServer({});
  await expect(createLookUp([at])('nowhere.invalid')).rejects.toMatchObject({ syscall: 'getaddrinfo' });
  expect(asked).toContain('A nowhere.invalid');
});

test('a slow name server holds nobody else: other names are looked up meanwhile', async () => {
  const slow = Array.from({ length: 20 }, (_, i) => `slow-${i}.example.com`);
  const slowNames = Object.fromEntries(slow.map((name) => [name, '192.0.2.9']));
  const server = await startNameServer({ ...slowNames, 'quick.example.com': '192.0.2.8' });
  const lookUp = createLookUp([server.at]);
  let slowEnded = 0;
  const waiting = slow.map((name) => lookUp(name).finally(() => (slowEnded += 1)));
  expect(await lookUp('quick.example.com')).toEqual(['192.0.2.8']);
  expect(await lookUp('localhost')).not.toEqual([]);
  expect(slowEnded).toBe(0);
  server.letGo();
  expect(await Promise.all(waiting)).toEqual(slow.map(() => ['192.0.2.9']));
});
