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

export function kirimUnknownPath(about: {
  requestId: string;
  method: string;
  path: string;
  methods: readonly string[];
}): Answer {
  const asked = `${about.method} ${about.path.slice(0, 200)}`;
  if (about.methods.length === 0)
    return renderKirimError(new KurirError('resource_not_found', `There is nothing at ${asked}.`), about);
  const methods = about.methods.join(', ');
  const refusal = new KurirError('method_not_allowed', `${asked} is not possible: there is ${methods}.`, {
    headers: { Allow: methods },
  });
  return renderKirimError(refusal, about);
}
