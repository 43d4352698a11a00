// A Meta that has media and does with them as it is told: addresses that are gone, answers that fail, bytes that break off or are others.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import type { JsonObject } from '../../src/kernel/json.ts';
import { GRAPH_TOKEN } from './house.ts';

/** What happens to one try. */
export type MediaFault =
  | 'no object'
  | 'not located'
  | 'expired'
  | 'broken'
  | 'cut off'
  | 'other bytes'
  | 'elsewhere'
  /** Nothing comes until `letGo`. */
  | 'held';

export interface MediaAtMeta extends AsyncDisposable {
  url: string;
  /** Adds a medium; its tries meet these faults, one after the other, and then none. */
  add(bytes: Buffer, about?: { mimeType?: string; faults?: MediaFault[]; size?: number }): KeptThere;
  letGo(): void;
  /** Authorization headers of everything that was asked. */
  tokens: (string | undefined)[];
}

export interface KeptThere {
  id: string;
  /** As a webhook tells it. */
  told: JsonObject;
  tries: number;
  /** Downloads that were begun. */
  downloads: number;
}

interface Kept extends KeptThere {
  bytes: Buffer;
  size: number;
  mimeType: string;
  faults: MediaFault[];
  fault: MediaFault | undefined;
}

export async function startMediaAtMeta(): Promise<MediaAtMeta> {
  const media = new Map<string, Kept>();
  const held: (() => void)[] = [];
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    answer({ media, held }, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url,
    tokens,
    add(bytes, about = {}) {
      const id = String(1_000_000_000_000_000 + media.size);
      const mimeType = about.mimeType ?? 'image/png';
      const sum = createHash('sha256').update(bytes);
      const told = { id, mime_type: mimeType, sha256: sum.digest('base64'), url: `${url}/expired` };
      const faults = [...(about.faults ?? [])];
      const size = about.size ?? bytes.length;
      const kept: Kept = {
        id,
        told,
        tries: 0,
        downloads: 0,
        bytes,
        size,
        mimeType,
        faults,
        fault: undefined,
      };
      media.set(id, kept);
      return kept;
    },
    letGo: () => held.splice(0).forEach((go) => go()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  { media, held }: { media: Map<string, Kept>; held: (() => void)[] },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(request.url ?? '', 'http://meta');
  const [, first, second = ''] = pathname.split('/');
  const kept = media.get(second);
  if (request.headers.authorization !== `Bearer ${GRAPH_TOKEN}`) return void response.writeHead(401).end();
  if (!kept) return void response.writeHead(404).end();
  if (first === 'bytes') return giveBytes(kept, held, response);
  kept.tries++;
  kept.fault = kept.faults.shift();
  if (kept.fault === 'not located') return void response.writeHead(503).end('busy');
  if (kept.fault === 'no object') {
    response.writeHead(400, { 'content-type': 'application/json' });
    return void response.end(
      JSON.stringify({ error: { message: 'Unsupported get request.', code: 100, error_subcode: 33 } }),
    );
  }
  // The same server, by a name that is not the Graph's.
  const port = request.socket.localPort;
  const origin = `http://${kept.fault === 'elsewhere' ? 'localhost' : '127.0.0.1'}:${port}`;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      url: `${origin}/bytes/${kept.id}`,
      mime_type: kept.mimeType,
      sha256: createHash('sha256').update(kept.bytes).digest('hex'),
      file_size: kept.size,
      id: kept.id,
      messaging_product: 'whatsapp',
    }),
  );
}

function giveBytes(kept: Kept, held: (() => void)[], response: ServerResponse): void {
  kept.downloads++;
  if (kept.fault === 'expired') return void response.writeHead(404).end();
  if (kept.fault === 'broken') return void response.writeHead(500).end('broken');
  response.writeHead(200, { 'content-type': kept.mimeType, 'content-length': kept.bytes.length });
  if (kept.fault === 'cut off') {
    response.write(kept.bytes.subarray(0, kept.bytes.length >> 1));
    return void setTimeout(() => response.destroy(), 20);
  }
  if (kept.fault === 'other bytes') return void response.end(Buffer.alloc(kept.bytes.length, 1));
  if (kept.fault !== 'held') return void response.end(kept.bytes);
  response.write(kept.bytes.subarray(0, 1));
  held.push(() => response.end(kept.bytes.subarray(1)));
}
