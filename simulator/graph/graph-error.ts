// Refusals of the Graph, in the key order of recorded traffic. Two layers speak here: the Graph itself (schema, tokens,
// unknown objects: no `error_data`) and WhatsApp behind it (`(#code) title` with `error_data.details`).
import type { JsonObject } from '../../src/kernel/json.ts';
import { detailsOf, httpOf, titleOf } from '../error-codes.ts';

export interface GraphErrorParts {
  message: string;
  code: number;
  http?: number;
  type?: 'OAuthException' | 'GraphMethodException';
  details?: string;
  subcode?: number;
  /** Management edges explain themselves to people. */
  user?: { title: string; message: string };
}

export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code: number;
  readonly http: number;
  readonly parts: GraphErrorParts;

  constructor(parts: GraphErrorParts) {
    super(parts.message);
    this.parts = parts;
    this.code = parts.code;
    this.http = parts.http ?? 400;
  }
}

/** A fault of the schema: Graph's layer, code 100. */
export function schemaFault(text: string): GraphError {
  return new GraphError({ message: `(#100) ${text}`, code: 100 });
}

/** A refusal by WhatsApp's own checks; `details` says what Meta is known to say, or its like. */
export function refusal(code: number, details?: string, http?: number): GraphError {
  return new GraphError({
    message: `(#${code}) ${titleOf(code)}`,
    code,
    http: http ?? httpOf(code),
    details: details ?? detailsOf(code),
  });
}

/** What the Graph says of an object it does not know, or that the token may not see: 400, never 404. */
export function unknownObject(method: string, id: string): GraphError {
  return new GraphError({
    message:
      `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to ` +
      `missing permissions, or does not support this operation. Please read the Graph API documentation at ` +
      `https://developers.facebook.com/docs/graph-api`,
    code: 100,
    type: 'GraphMethodException',
    subcode: 33,
  });
}

export function errorBody(error: GraphError, traceId: string): JsonObject {
  const { message, code, type, details, subcode, user } = error.parts;
  // Tokens' faults put the code first; everything else the type.
  const head =
    code === 190 && subcode === undefined
      ? { message, code, type: 'OAuthException' }
      : { message, type: type ?? 'OAuthException', code };
  const body: JsonObject = head;
  if (details !== undefined) body['error_data'] = { messaging_product: 'whatsapp', details };
  if (subcode !== undefined) body['error_subcode'] = subcode;
  if (user)
    Object.assign(body, { is_transient: false, error_user_title: user.title, error_user_msg: user.message });
  body['fbtrace_id'] = traceId;
  return { error: body };
}
