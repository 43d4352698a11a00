// How long a body may take to come. Node has one limit for all requests of a server; here a request has half a minute, unless it is found to be
// a file of somebody with a key: then it has as long as that limit, because a hundred megabytes over a slow line take minutes.
import type { IncomingMessage, Server } from 'node:http';

/** What Node itself keeps to: for files. */
export const FILE_BODY_MS = 900_000;
export const BODY_MS = 30_000;

const limits = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** Ends a request whose body does not come in time, as Node would. */
export function limitBodyTime(server: Server, limitMs: number): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const { headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody) return;
    const late = setTimeout(() => {
      const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
      server.emit('clientError', error, request.socket);
    }, limitMs);
    late.unref();
    limits.set(request, late);
    const end = (): void => clearTimeout(late);
    request.once('end', end).once('close', end);
  });
}

/** It is a file, from somebody who may send one. */
export function allowFile(request: IncomingMessage): void {
  clearTimeout(limits.get(request));
}
