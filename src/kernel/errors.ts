// The one list of errors. A refusal is thrown as KurirError(code, …) and rendered once per dialect; a failure of a
// message is stored with one of FAILURES. Adding a line here makes every dialect's table stop compiling until it answers.

interface Refusal {
  status: number;
  type: ErrorType;
  meaning: string;
}

/** The seven `type`s of Kirim's envelope (docs: concepts/errors). */
export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found'
  | 'conflict'
  | 'rate_limit_error'
  | 'api_error';

export const REFUSALS = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The body is not JSON that can be read.',
  },
  invalid_phone_number: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A phone number cannot be one.',
  },
  missing_required_field: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A required field is absent.',
  },
  invalid_field_value: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A field has a value that is not accepted.',
  },
  invalid_limit: { status: 400, type: 'invalid_request_error', meaning: '`limit` is outside 1 to 100.' },
  invalid_cursor: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A cursor was altered, or made for other filters.',
  },
  invalid_webhook_url: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A webhook may not go to this URL.',
  },
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    meaning: 'The API key is missing, malformed, unknown or revoked.',
  },
  expired_api_key: { status: 401, type: 'authentication_error', meaning: 'The API key is past its expiry.' },
  invalid_signature: {
    status: 401,
    type: 'authentication_error',
    meaning: 'A webhook is not signed with the secret of its app.',
  },
  verification_failed: {
    status: 403,
    type: 'permission_error',
    meaning: 'A webhook verification does not carry the verify token of its app.',
  },
  resource_not_found: {
    status: 404,
    type: 'not_found',
    meaning: 'There is no such thing in this organisation.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    meaning: 'The path exists, but not for this method.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    meaning: 'The request was not sent in time.',
  },
  message_not_withdrawable: {
    status: 409,
    type: 'conflict',
    meaning: 'The message has left, or may have left.',
  },
  request_too_large: {
    status: 413,
    type: 'invalid_request_error',
    meaning: 'The body is larger than this endpoint takes.',
  },
  path_too_long: { status: 414, type: 'invalid_request_error', meaning: 'A part of the path is too long.' },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    meaning: 'The body is not application/json, or, of an upload, no form.',
  },
  idempotency_key_reuse: {
    status: 422,
    type: 'invalid_request_error',
    meaning: 'The key was used with another request.',
  },
  outside_24h_window: {
    status: 422,
    type: 'invalid_request_error',
    meaning: 'The number checks windows, and that of this customer is closed: send a template.',
  },
  whatsapp_number_not_verified: {
    status: 422,
    type: 'invalid_request_error',
    meaning: 'The organisation has no connected number.',
  },
  account_not_connected: {
    status: 422,
    type: 'invalid_request_error',
    meaning: 'The number is known, but cannot send now.',
  },
  rate_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'The budget of the organisation is used up, or a queue is full.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_request_error',
    meaning: 'The headers are larger than this server takes.',
  },
  internal_error: {
    status: 500,
    type: 'api_error',
    meaning: 'A fault of ours; the log has it under the request id.',
  },
  whatsapp_upstream_error: { status: 502, type: 'api_error', meaning: 'Meta refused, or did not answer.' },
  service_unavailable: {
    status: 503,
    type: 'api_error',
    meaning: 'Cannot be done now; repeat with the same key.',
  },
} as const satisfies Record<string, Refusal>;

export type ErrorCode = keyof typeof REFUSALS;

/** What a failed message says in `error.code`: Kirim's stable codes, then ours. */
export const FAILURES = {
  outside_24h_window: 'The customer has not written in the last 24 hours: send a template.',
  template_paused: 'Meta paused the template: use another one.',
  template_disabled: 'Meta disabled the template: replace it.',
  template_param_count_mismatch: 'The number of parameters is not that of the template.',
  template_param_format_mismatch:
    'A parameter, or the template’s name and language, does not fit what Meta has approved.',
  recipient_not_on_whatsapp: 'The recipient cannot get WhatsApp messages.',
  recipient_blocked: 'The recipient does not take messages of this business.',
  media_download_failed: 'Meta could not fetch or take the media.',
  whatsapp_error: 'Meta refused for the reason in provider_code.',
  delivery_unknown:
    'Meta’s answer was lost and nothing was heard since: it may or may not have been delivered.',
  expired: 'It could not leave before it expired.',
  withdrawn: 'It was withdrawn before it left.',
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;

/** What is wrong with a message, as stored and shown. */
export interface Failure {
  code: FailureCode;
  message: string;
  /** Meta's own code, null where the reason is ours. */
  providerCode: number | null;
}

export interface ErrorDetails {
  /** Path of the field, such as `interactive.action.sections[0].rows[2].title`. */
  param?: string;
  retryAfterMs?: number;
  /** Meta's own no, for the dialects that speak Meta's shape. */
  refusedBy?: { code: number; message: string };
  /** Extra response headers, such as those of a budget. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** A refusal: the caller did something that is not accepted, or cannot be accepted now. */
export class KurirError extends Error {
  override readonly name = 'KurirError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }
}
