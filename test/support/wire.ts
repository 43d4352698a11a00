// A wire between a gateway and its database that a test can cut: all at once, or so that what was asked still arrives and the answer does not.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Wire extends AsyncDisposable {
  /** The database's address by way of this wire. */
  url: string;
  /** What is asked still arrives; no answer comes back. */
  mute(): void;
  /** Breaks every connection; new ones are let through, unless `refuse`. */
  cut(): void;
  refuse(refused: boolean): void;
}

export async function openWire(databaseUrl: string): Promise<Wire> {
  const target = new URL(databaseUrl);
  const pairs = new Set<{ near: Socket; far: Socket }>();
  let muted = false;
  let refused = false;
  const server = createServer((near) => {
    if (refused) return void near.destroy();
    const far = connect(Number(target.port || 5432), target.hostname);
    const pair = { near, far };
    pairs.add(pair);
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      if (!muted) near.write(chunk);
    });
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    muted = false;
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    url: url.href,
    mute: () => void (muted = true),
    cut,
    refuse: (value) => void (refused = value),
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
