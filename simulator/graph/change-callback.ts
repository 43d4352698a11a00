// An override of a callback: verified before it is set, removed by an empty one.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { Callback } from '../fact.ts';
import type { Simulation } from '../simulation.ts';
import { verifyCallback } from '../verify-callback.ts';
import { GraphError, schemaFault } from './graph-error.ts';

const URL_MAX = 200;
const CALLBACK_CODE = 2200;

/** The callback to keep; null when it is to go. */
export async function changeCallback(sim: Simulation, fields: JsonObject): Promise<Callback | null> {
  const url = fields['override_callback_uri'] ?? fields['callback_url'];
  if (url === undefined || url === '') return null;
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url) || url.length > URL_MAX) {
    throw schemaFault('Param override_callback_uri must be a valid URI of at most 200 characters.');
  }
  const verifyToken = fields['verify_token'];
  if (typeof verifyToken !== 'string') throw schemaFault('The parameter verify_token is required.');
  const callback = { url, verifyToken };
  const { ok, reason, status } = await verifyCallback(sim, callback);
  if (ok) return callback;
  const message =
    status === undefined || status === 200 ? reason : `${reason}; HTTP Message = ${statusText(status)}`;
  throw new GraphError({
    message: `(#${CALLBACK_CODE}) Callback verification failed with the following errors: ${message}`,
    code: CALLBACK_CODE,
  });
}

function statusText(status: number): string {
  return status === 403
    ? 'Forbidden'
    : status === 404
      ? 'Not Found'
      : status >= 500
        ? 'Internal Server Error'
        : 'Bad Request';
}
