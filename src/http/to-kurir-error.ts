// Whatever was thrown, as one error of the catalogue: Fastify's own refusals by their code, a database that is away as 503, and
// everything else as a fault of ours.
import { KurirError, REFUSALS, type ErrorCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { isOutage, sqlState } from '../storage/db.ts';

const FRAMEWORK: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'The body must be sent as Content-Type: application/json.',
  ],
  // The method QUERY (RFC 10008) must say what its body is, before anybody asks whether the path knows the method.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: [
    'unsupported_media_type',
    'The method QUERY needs a Content-Type, and no path of Kurir takes it: use GET.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large', REFUSALS.request_too_large.meaning],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not a valid URL.'],
  FST_ERR_MAX_PARAM_LENGTH: ['path_too_long', 'A part of the path is too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request was not sent in time.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are larger than this server takes.'],
};

const TOOK_TOO_LONG = '57014';

export function toKurirError(error: unknown): KurirError {
  if (error instanceof KurirError) return error;
  const code = codeOf(error);
  const known = code === undefined ? undefined : FRAMEWORK[code];
  if (known) return new KurirError(known[0], known[1], { cause: error });
  // Node's word for a body that ended in its middle; a connection of ours to the database breaks with the same code.
  if (code === 'ECONNRESET' && error instanceof Error && error.message === 'aborted')
    return new KurirError('invalid_request', 'The connection was closed before the request was complete.', {
      cause: error,
    });
  if (code?.startsWith('HPE_'))
    return new KurirError('invalid_request', 'The request is not valid HTTP.', { cause: error });
  if (code?.startsWith('FST_ERR_CTP'))
    return new KurirError('invalid_request', 'The body cannot be read.', { cause: error });
  if (isOutage(error) || sqlState(error) === TOOK_TOO_LONG) {
    return new KurirError(
      'service_unavailable',
      'The database does not take it now: repeat the request with the same key.',
      { retryAfterMs: 2_000, cause: error },
    );
  }
  return new KurirError(
    'internal_error',
    'Something failed on our side; the log has it under this request id.',
    { cause: error },
  );
}

/** Says in the log what ended with 500 or more, and what caused it. Its own message is for the caller, and may quote Meta. */
export function logFailure(log: Log, refusal: KurirError, requestId: string): void {
  if (refusal.status < 500) return;
  const level = refusal.code === 'internal_error' ? 'error' : levelOfRefusal(refusal);
  const cause = refusal.cause === undefined ? {} : { err: refusal.cause };
  log[level]({ requestId, code: refusal.code, ...cause }, 'a request failed');
}

/** A refusal by a limit or an outage is told once, where that begins, and not by each of thousands. */
export function levelOfRefusal(refusal: KurirError): 'debug' | 'warn' {
  const expected =
    refusal.code === 'service_unavailable' && (refusal.cause === undefined || isOutage(refusal.cause));
  return expected ? 'debug' : 'warn';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
