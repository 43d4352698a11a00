// How the kirim dialect says no: Kirim's envelope, with the request id inside.
import { KurirError, REFUSALS } from '../../kernel/errors.ts';
import type { Answer } from '../dialect.ts';

export function renderKirimError(error: KurirError, about: { requestId: string }): Answer {
  const { param, retryAfterMs, headers } = error.details;
  const refusal = REFUSALS[error.code];
  return {
    status: refusal.status,
    body: {
      error: {
        type: refusal.type,
        code: error.code,
        message: error.message,
        ...(param === undefined ? {} : { param }),
        request_id: about.requestId,
      },
    },
    headers: {
      ...headers,
      ...(retryAfterMs === undefined
        ? {}
        : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    },
  };
}

export function kirimUnknownPath(about: { requestId: string; method: string; path: string }): Answer {
  return renderKirimError(
    new KurirError('resource_not_found', `There is nothing at ${about.method} ${about.path.slice(0, 200)}.`),
    about,
  );
}
