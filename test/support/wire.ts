// A wire between a gateway and its database that a test can cut, mute or hold: all at once, or so that what was asked still arrives and
// the answer does not, or comes later.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Wire extends AsyncDisposable {
  /** The database's address by way of this wire. */
  url: string;
  /** What is asked still arrives; no answer comes back. */
  mute(): void;
  /** Breaks every connection; new ones are let through, unless `refuse`. */
  cut(): void;
  refuse(refused: boolean): void;
  /** What is asked still arrives; the answers to questions that hold this text come when the wire is released. */
  hold(text: string): void;
  /** Nothing passes in either direction until the wire is released. */
  freeze(): void;
  release(): void;
  /** Questions that have been asked and are held. */
  held(): number;
}

interface Pair {
  near: Socket;
  far: Socket;
  /** Its answer is held. */
  holding: boolean;
  asked: Buffer[];
  answered: Buffer[];
}

export async function openWire(databaseUrl: string): Promise<Wire> {
  const target = new URL(databaseUrl);
  const pairs = new Set<Pair>();
  let heldText: string | undefined;
  let frozen = false;
  let muted = false;
  let refused = false;
  const server = createServer((near) => {
    if (refused) return void near.destroy();
    const far = connect(Number(target.port || 5432), target.hostname);
    const pair: Pair = { near, far, holding: false, asked: [], answered: [] };
    pairs.add(pair);
    near.on('data', (chunk) => {
      if (heldText !== undefined && chunk.includes(heldText)) pair.holding = true;
      if (frozen) pair.asked.push(chunk);
      else far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (frozen || pair.holding) pair.answered.push(chunk);
      else if (!muted) near.write(chunk);
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
    hold: (text) => void (heldText = text),
    freeze: () => void (frozen = true),
    release() {
      heldText = undefined;
      frozen = false;
      for (const pair of pairs) {
        pair.holding = false;
        for (const chunk of pair.asked.splice(0)) pair.far.write(chunk);
        for (const chunk of pair.answered.splice(0)) pair.near.write(chunk);
      }
    },
    held: () => [...pairs].filter((pair) => pair.holding || pair.asked.length > 0).length,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
