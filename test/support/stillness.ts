// When nothing moves any more, except what waits for the clock: no statement is under way that is not held, no call to Meta is on its way
// to it or back, every webhook is answered. Seen from outside: by the channels of undici and Node, and by counting statements.
import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';

import type { Database } from '../../src/storage/db.ts';
import type { Wire } from './wire.ts';

/** Counts the statements of a gateway that are under way; returns how many of them are not held on its wire. */
export function countStatements(db: Database, wire: Wire): () => number {
  let underWay = 0;
  const query = db.query.bind(db);
  const transaction = db.transaction.bind(db);
  const counted = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    underWay++;
    try {
      return await act();
    } finally {
      underWay--;
    }
  };
  db.query = (text, values, name) => counted(() => query(text, values, name));
  const read = db.reading.query.bind(db.reading);
  db.reading = { query: (text, values) => counted(() => read(text, values)) };
  db.transaction = (act) => counted(() => transaction(act));
  return () => Math.max(0, underWay - wire.held());
}

/** How many calls to these servers are on their way there or back: asked, and not in the server's hands. */
export function countTravellers(url: string): () => number {
  const { origin, port } = new URL(url);
  const asked = new Set<object>();
  const inHand = new Set<ServerResponse>();
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { origin?: string } };
    if (request.origin === origin) asked.add(request);
  });
  for (const channel of ['undici:request:trailers', 'undici:request:error'])
    subscribe(channel, (message) => void asked.delete((message as { request: object }).request));
  subscribe('http.server.request.start', (message) => {
    const { response, server } = message as {
      response: ServerResponse;
      server: { address(): { port: number } | null };
    };
    if (server.address()?.port !== Number(port)) return;
    inHand.add(response);
    response.once('close', () => inHand.delete(response));
  });
  return () => Math.max(0, asked.size - inHand.size);
}
