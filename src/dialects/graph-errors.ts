// Meta's error envelope, for the dialects that speak Meta's shape: our refusals as Meta would word them, and the failures of messages.
// Every error of the catalogue has its row; a new one does not compile until it has.
import { randomBytes } from 'node:crypto';

import { REFUSALS, type ErrorCode, type Failure, type KurirError } from '../kernel/errors.ts';
import { META_ERRORS } from '../meta/error-table.ts';
import type { Answer } from './dialect.ts';

interface GraphFault {
  code: number;
  type: 'OAuthException' | 'GraphMethodException';
  subcode?: number;
  /** Meta's words, where they do not begin with the code. */
  message?: string;
  /** HTTP status, where Meta uses another than ours. */
  status?: number;
  transient?: true;
}

const INVALID_PARAMETER: GraphFault = { code: 100, type: 'OAuthException' };
const NO_OBJECT = { code: 100, type: 'GraphMethodException', subcode: 33 } as const satisfies GraphFault;
// A message is no object of the Graph: a wamid that is not known is a bad parameter.
const BAD_MESSAGE_ID: GraphFault = { ...INVALID_PARAMETER, status: 400 };
const BAD_TOKEN: GraphFault = { code: 190, type: 'OAuthException' };

const FAULTS = {
  invalid_request: INVALID_PARAMETER,
  invalid_phone_number: INVALID_PARAMETER,
  missing_required_field: INVALID_PARAMETER,
  invalid_field_value: INVALID_PARAMETER,
  invalid_limit: INVALID_PARAMETER,
  invalid_cursor: { code: 131059, type: 'OAuthException' },
  invalid_webhook_url: INVALID_PARAMETER,
  invalid_api_key: { ...BAD_TOKEN, message: 'Invalid OAuth access token - Cannot parse access token' },
  expired_api_key: { ...BAD_TOKEN, subcode: 463 },
  invalid_signature: { code: 100, type: 'OAuthException' },
  verification_failed: { code: 10, type: 'OAuthException' },
  resource_not_found: NO_OBJECT,
  method_not_allowed: NO_OBJECT,
  request_timeout: INVALID_PARAMETER,
  message_not_withdrawable: INVALID_PARAMETER,
  request_too_large: INVALID_PARAMETER,
  path_too_long: INVALID_PARAMETER,
  unsupported_media_type: INVALID_PARAMETER,
  idempotency_key_reuse: INVALID_PARAMETER,
  outside_24h_window: { code: 131047, type: 'OAuthException', status: 400 },
  whatsapp_number_not_verified: { code: 133010, type: 'OAuthException', status: 400 },
  account_not_connected: { code: 133010, type: 'OAuthException', status: 400 },
  rate_limit_exceeded: { code: 80007, type: 'OAuthException', transient: true },
  headers_too_large: INVALID_PARAMETER,
  internal_error: { code: 1, type: 'OAuthException' },
  whatsapp_upstream_error: { code: 131000, type: 'OAuthException' },
  service_unavailable: { code: 2, type: 'OAuthException', transient: true },
} as const satisfies Record<ErrorCode, GraphFault>;

export function renderGraphError(error: KurirError, about: { method: string; path: string }): Answer {
  const { param, retryAfterMs, headers, refusedBy } = error.details;
  if (refusedBy) return renderRefusal(refusedBy);
  const fault: GraphFault = param === 'message_id' ? BAD_MESSAGE_ID : FAULTS[error.code];
  if (fault === NO_OBJECT) return noObject(about);
  const details = param === undefined ? error.message : `${error.message} (${param})`;
  return {
    status: fault.status ?? REFUSALS[error.code].status,
    body: envelope({
      message: fault.message ?? `(#${fault.code}) ${titleOf(fault.code)}`,
      type: fault.type,
      code: fault.code,
      details,
      ...(fault.subcode === undefined ? {} : { subcode: fault.subcode }),
      ...(fault.transient ? { transient: true } : {}),
    }),
    headers: {
      ...headers,
      ...(retryAfterMs === undefined
        ? {}
        : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    },
  };
}

// What the Graph itself says has no `error_data`: WhatsApp behind it was not asked.
function noObject(about: { method: string; path: string }): Answer {
  const [id = ''] = pathBelowVersion(about.path).slice(1).split('/');
  const message =
    `Unsupported ${about.method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to missing ` +
    'permissions, or does not support this operation. Please read the Graph API documentation at ' +
    'https://developers.facebook.com/docs/graph-api';
  const { code, type, subcode } = NO_OBJECT;
  return { status: 400, body: envelope({ message, type, code, subcode }) };
}

// Meta answers 400 to nearly all refusals; these are the others (docs: error codes).
const HTTP_STATUS: Record<number, number> = {
  0: 401,
  2: 503,
  3: 500,
  10: 403,
  190: 401,
  368: 403,
  131000: 500,
  131005: 403,
  131016: 500,
  131031: 403,
  131057: 500,
  132001: 404,
  133004: 503,
};

/** A failed message as the answer to its send. */
export function renderGraphFailure(failure: Failure): Answer {
  return renderRefusal({ code: failure.providerCode ?? 131000, message: failure.message });
}

// Meta's no, in Meta's words.
function renderRefusal({ code, message }: { code: number; message: string }): Answer {
  return {
    status: HTTP_STATUS[code] ?? 400,
    body: envelope({
      message: `(#${code}) ${titleOf(code)}`,
      type: 'OAuthException',
      code,
      details: message,
    }),
  };
}

/** Nothing left in time and nothing will: repeating is safe. */
export function renderNotSent(retryAfterSeconds: number): Answer {
  const details = 'The message could not be sent in time and was withdrawn: nothing was sent, repeat it.';
  return {
    status: 503,
    body: envelope({
      message: `(#2) ${titleOf(2)}`,
      type: 'OAuthException',
      code: 2,
      details,
      transient: true,
    }),
    headers: { 'Retry-After': String(retryAfterSeconds) },
  };
}

/** The answer to the call was lost, or was a no that proves nothing: repeating may send a second one. */
export function renderOutcomeUnknown(messageId: string, failure: Failure | null): Answer {
  const code = failure?.providerCode ?? 131000;
  const why = failure?.message ?? 'The message may have been sent.';
  const details = `Outcome unknown, do not repeat. ${why} It is ${messageId}.`;
  return {
    status: 500,
    body: envelope({
      message: `(#${code}) ${titleOf(code)}`,
      type: 'OAuthException',
      code,
      details,
      transient: false,
    }),
    headers: { 'X-Kurir-Message-Id': messageId },
  };
}

export function graphUnknownPath(about: { path: string }): Answer {
  const message = `Unknown path components: ${pathBelowVersion(about.path)}`;
  return { status: 400, body: envelope({ message, type: 'OAuthException', code: 2500 }) };
}

function pathBelowVersion(path: string): string {
  return path.replace(/^\/(meta\/whatsapp\/)?v\d+\.\d+/, '').slice(0, 200);
}

function titleOf(code: number): string {
  return META_ERRORS[code]?.title ?? 'Something went wrong';
}

// In the order of keys that Meta's own answers have.
function envelope(fault: {
  message: string;
  type: string;
  code: number;
  details?: string;
  subcode?: number;
  transient?: boolean;
}): object {
  return {
    error: {
      message: fault.message,
      type: fault.type,
      code: fault.code,
      ...(fault.details === undefined
        ? {}
        : { error_data: { messaging_product: 'whatsapp', details: fault.details } }),
      ...(fault.subcode === undefined ? {} : { error_subcode: fault.subcode }),
      ...(fault.transient === undefined ? {} : { is_transient: fault.transient }),
      fbtrace_id: `A${randomBytes(17).toString('base64url').slice(0, 22)}`,
    },
  };
}
