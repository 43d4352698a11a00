// How long a body may take to come. Node has one limit for all requests of a server; here ordinary ones have half a minute, and a file as
// long as that limit, because a hundred megabytes over a slow line take minutes.
import type { IncomingMessage, Server } from 'node:http';

/** What Node itself keeps to: for files. */
export const FILE_BODY_MS = 900_000;
export const BODY_MS = 30_000;

/** Ends a request whose body does not come in time as Node would; `isFile` says which may take longer. */
export function limitBodyTime(
  server: Server,
  { limitMs, isFile }: { limitMs: number; isFile: (request: IncomingMessage) => boolean },
): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const { headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody || isFile(request)) return;
    const late = setTimeout(() => {
      const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
      server.emit('clientError', error, request.socket);
    }, limitMs);
    late.unref();
    const end = (): void => clearTimeout(late);
    request.once('end', end).once('close', end);
  });
}
