// A port that nothing listens on, below the range the system hands out for outgoing connections: one of those could
// otherwise hold it at the moment a server wants it back.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FROM = 15_000;
const TO = 32_000;
const TRIES = 50;

export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port was found on 127.0.0.1 between ${FROM} and ${TO}.`);
}

/** Whether a server could listen on this port now. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
