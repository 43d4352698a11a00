// A subscriber's endpoint for tests: keeps what it was told, and answers as it is told to.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  headers: IncomingHttpHeaders;
  body: string;
  /** When it came, on the monotonic clock. */
  at: number;
}

export interface Hook extends AsyncDisposable {
  url: string;
  heard: Heard[];
  /** What it answers from now on: a status, or whatever it is told to do. */
  answer(how: number | ((request: IncomingMessage, response: ServerResponse, heard: Heard) => void)): void;
}

export async function startHook(): Promise<Hook> {
  const heard: Heard[] = [];
  let how: Parameters<Hook['answer']>[0] = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const one = {
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at: performance.now(),
      };
      heard.push(one);
      if (typeof how === 'number') response.writeHead(how).end();
      else how(request, response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    heard,
    answer: (next) => void (how = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
