// Receivers of webhooks in a process of their own, each on a port of its own, good and bad: `node receivers-program.ts <settings as JSON>`.
// Every request becomes a line of the ledger when it is over. It says its ports in one line, and writes out the rest when stdin ends.
import { createWriteStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { seededRandom } from '../../src/kernel/random.ts';
import type { Manner, ReceiversSettings, Request } from './receivers.ts';

const WELL_MS_MAX = 20;
const FAILS = 0.5;
const RETRY_AFTER_S = 1;

const settings = JSON.parse(process.argv[2] ?? '') as ReceiversSettings;
const random = seededRandom(settings.seed);
const ledger = createWriteStream(settings.file, { flags: 'a' });
const open = new Set<() => void>();
const ports: number[] = [];
for (const [i, manner] of settings.manners.entries()) ports.push(await listen(i, manner));
console.log(JSON.stringify({ url: '', ports }));
process.stdin.resume().on('end', () => {
  for (const end of open) end();
  ledger.end(() => process.exit(0));
});

async function listen(receiver: number, manner: Manner): Promise<number> {
  const asked = new Map<string, number>();

  async function take(request: IncomingMessage, response: ServerResponse, at: number): Promise<void> {
    const body = await text(request).catch(() => undefined);
    // The other side was killed while it spoke.
    if (body === undefined) return;
    const event = eventIn(body);
    const attempt = (asked.get(event) ?? 0) + 1;
    asked.set(event, attempt);
    const delivery = String(request.headers['x-kirim-delivery-id'] ?? '');
    keep({ receiver, event, delivery, at, response });
    answer(manner, attempt, response);
  }

  const server = createServer((request, response) => {
    const at = Date.now();
    void take(request, response, at);
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

// Meta's id of the message; of a status, with the status, in the dialects that pass Meta's words on.
function eventIn(body: string): string {
  const wamid = /"(wamid\.[^"]+)"/.exec(body)?.[1]?.replaceAll('\\/', '/') ?? '';
  if (!body.includes('"statuses"')) return wamid;
  const told = JSON.parse(body) as Told;
  const status = told.entry?.[0]?.changes[0]?.value.statuses?.[0];
  return status ? `${status.id} ${status.status}` : wamid;
}

interface Told {
  entry?: { changes: { value: { statuses?: { id: string; status: string }[] } }[] }[];
}

function keep(about: Omit<Request, 'endedAt' | 'status'> & { response: ServerResponse }): void {
  const { response, ...request } = about;
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    open.delete(end);
    const status = response.writableFinished ? response.statusCode : 0;
    ledger.write(`${JSON.stringify({ ...request, endedAt: Date.now(), status })}\n`);
  };
  open.add(end);
  response.once('finish', end).once('close', end);
}

function answer(manner: Manner, attempt: number, response: ServerResponse): void {
  switch (manner) {
    case 'silent':
      return;
    case 'failing':
      return void response.writeHead(random() < FAILS ? 500 : 200).end();
    case 'busy':
      return void (attempt <= 2
        ? response.writeHead(429, { 'retry-after': String(RETRY_AFTER_S) }).end()
        : response.writeHead(200).end());
    case 'well':
    case 'removed':
    case 'refusing':
      return void setTimeout(() => response.writeHead(200).end(), random() * WELL_MS_MAX);
  }
}
