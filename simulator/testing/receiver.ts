// A subscriber for tests: answers Meta's handshake, keeps every webhook as it came, and answers as it is told to.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { part, parts } from '../json-parts.ts';

export interface Heard {
  body: string;
  signature: string;
  headers: IncomingHttpHeaders;
  json: JsonObject;
  /** The first change's value. */
  value: JsonObject;
}

export interface Receiver extends AsyncDisposable {
  url: string;
  heard: Heard[];
  /** The statuses heard so far, in order. */
  statuses(): JsonObject[];
  messages(): JsonObject[];
  /** Resolves when so many webhooks have come. */
  until(count: number): Promise<void>;
  /** The HTTP statuses of the next answers; afterwards 200. */
  answers: number[];
  verifies: boolean;
}

export async function startReceiver(verifyToken = 'simulated-verify-token'): Promise<Receiver> {
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://receiver');
    if (request.method === 'GET') {
      const ok = receiver.verifies && url.searchParams.get('hub.verify_token') === verifyToken;
      response.statusCode = ok ? 200 : 404;
      response.end(ok ? url.searchParams.get('hub.challenge') : 'no');
      return;
    }
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      heard.push(toHeard(body, request.headers));
      response.statusCode = receiver.answers.shift() ?? 200;
      response.end();
      for (const look of waiting) look();
    });
  });
  const port = await listen(server);
  const all = (key: string): JsonObject[] =>
    heard.flatMap((one) => changes(one).flatMap((value) => parts(value, key)));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/webhook`,
    heard,
    answers: [],
    verifies: true,
    statuses: () => all('statuses'),
    messages: () => all('messages'),
    until: (count) =>
      new Promise((resolve) => {
        function look(): void {
          if (heard.length < count) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Whether the signature is that of the body under a secret. */
export function isSigned(
  { body, signature }: Pick<Heard, 'body' | 'signature'>,
  secret = 'simulated-app-secret',
): boolean {
  return signature === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function toHeard(body: string, headers: IncomingHttpHeaders): Heard {
  const signature = String(headers['x-hub-signature-256']);
  const json: unknown = JSON.parse(body);
  if (!isObject(json)) throw new Error(`A webhook is no object: ${body}`);
  const [entry = {}] = parts(json, 'entry');
  const [change = {}] = parts(entry, 'changes');
  return { body, signature, headers, json, value: part(change, 'value') };
}

function changes({ json }: Heard): JsonObject[] {
  return parts(json, 'entry').flatMap((entry) =>
    parts(entry, 'changes').map((change) => part(change, 'value')),
  );
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
