// A poster, and receivers of webhooks for it to post to: on loopback, good ones and bad ones.
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach } from 'vitest';

import { readConfig } from '../../src/config/config.ts';
import { systemClock, type Clock } from '../../src/kernel/clock.ts';
import type { LookUp } from '../../src/webhooks/look-up.ts';
import { createPoster, type Poster, type PosterOptions, type PostOutcome } from '../../src/webhooks/post.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export interface Receiver {
  port: number;
  /** Every connection that anyone made. */
  connections: Socket[];
  /** The addresses of this machine that they came to. */
  reachedAt: (string | undefined)[];
  open(): number;
}

export async function listen(server: Server, host = '127.0.0.1'): Promise<Receiver> {
  const connections: Socket[] = [];
  const reachedAt: (string | undefined)[] = [];
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    connections.push(socket);
    reachedAt.push(socket.localAddress);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => {
    for (const socket of connections) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connections,
    reachedAt,
    open: () => connections.filter((socket) => !socket.destroyed).length,
  };
}

export function receiver(answer: RequestListener, host?: string): Promise<Receiver> {
  return listen(createHttpServer(answer), host);
}

/** A receiver that does what it likes once a request is there. */
export function rawReceiver(act: (socket: Socket) => void): Promise<Receiver> {
  return listen(createServer((socket) => socket.once('data', () => act(socket))));
}

export function poster(options: PosterOptions & { allow?: string; clock?: Clock } = {}): Poster {
  const { allow = '127.0.0.0/8,::1', clock = systemClock, ...rest } = options;
  const { config } = readConfig({ KURIR_WEBHOOK_ALLOW: allow }, 'production');
  const made = createPoster({ config, clock }, rest);
  closing.push(() => made.close());
  return made;
}

export function send(by: Poster, url: string, headers: Record<string, string> = {}): Promise<PostOutcome> {
  return by.post({
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"halo":"dunia"}',
  });
}

/** A look-up of its own; remembers what it was asked. */
export function names(table: Record<string, string[] | (() => string[])>): LookUp & { asked: string[] } {
  const asked: string[] = [];
  return Object.assign(
    async (name: string) => {
      asked.push(name);
      const addresses = table[name];
      if (!addresses) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
      return typeof addresses === 'function' ? addresses() : addresses;
    },
    { asked },
  );
}
