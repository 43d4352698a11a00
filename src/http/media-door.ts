// GET and HEAD /media/{organisation}/{id}: the bytes of a medium, for whoever has a signed address of it. No key, no cookie.
import type { Readable } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import { readRange } from '../media/byte-range.ts';
import { contentHeaders } from '../media/media-headers.ts';
import type { BytePart, MediaFiles } from '../media/media-files.ts';
import { linkLeftMs } from '../media/media-link.ts';
import type { Medium } from '../media/media.ts';
import { requireReady } from '../media/require-ready.ts';

interface Asking {
  Params: { organisation: string; id: string };
  Querystring: { expires?: unknown; signature?: unknown };
}

export function mountMedia(app: FastifyInstance, ctx: Context, files: MediaFiles): void {
  app.route<Asking>({
    method: ['GET', 'HEAD'],
    url: '/media/:organisation/:id',
    handler: (request, reply) => serve({ ctx, files }, request, reply),
  });
}

async function serve(
  { ctx, files }: { ctx: Context; files: MediaFiles },
  request: FastifyRequest<Asking>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const key = { organisationId: request.params.organisation, id: request.params.id };
  const { expires, signature } = request.query;
  const leftMs = linkLeftMs(ctx, key, { expires: String(expires), signature: String(signature) });
  if (leftMs === undefined)
    throw new KurirError(
      'resource_not_found',
      'This address is not good any more, or was altered: ask for the message, which has a new one.',
    );
  const medium = await requireReady(ctx, key);
  const { headers } = request;
  const etag = `"${medium.sha256}"`;
  const kept = {
    ETag: etag,
    'Cache-Control': `private, max-age=${Math.floor(leftMs / 1_000)}, immutable`,
  };
  if (names(headers['if-none-match'], etag)) return reply.code(304).headers(kept).send();
  const ifRange = headers['if-range'];
  const range = ifRange === undefined || ifRange === etag ? headers.range : undefined;
  const asked = readRange(range, medium.size);
  if (asked.kind === 'outside')
    return reply.code(416).header('Content-Range', `bytes */${medium.size}`).send();
  const part = asked.kind === 'part' ? asked.part : undefined;
  // A browser keeps what it is told to keep for days: that the bytes are there is known before it is told.
  const bytes = await openBytes(files, medium, part);
  reply.headers({ ...contentHeaders(medium), ...kept, 'Accept-Ranges': 'bytes' });
  if (part) reply.code(206).header('Content-Range', `bytes ${part.first}-${part.last}/${medium.size}`);
  reply.header('Content-Length', part ? part.last - part.first + 1 : medium.size);
  if (request.method !== 'HEAD') return reply.send(bytes);
  bytes.destroy();
  return reply.send();
}

async function openBytes(files: MediaFiles, medium: Medium, part: BytePart | undefined): Promise<Readable> {
  let bytes: Readable | undefined;
  try {
    bytes = await files.open(medium, part);
  } catch (cause) {
    throw new KurirError('service_unavailable', 'The place where media are kept cannot be read just now.', {
      retryAfterMs: 5_000,
      cause,
    });
  }
  if (!bytes)
    throw new KurirError('resource_not_found', 'The bytes of this medium are not where they were kept.');
  // Of HEAD nothing is read: what breaks after that is nobody's business.
  return bytes.on('error', () => undefined);
}

function names(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
