// What the control API says when it cannot do as asked: a status, a word for programs, a sentence for people.

export type RefusalCode =
  | 'invalid_request'
  | 'not_found'
  | 'forbidden'
  | 'unsupported_media_type'
  | 'nothing_to_tap'
  | 'timeout'
  | 'unexpected_message';

const STATUS: Record<RefusalCode, number> = {
  invalid_request: 400,
  not_found: 404,
  forbidden: 403,
  unsupported_media_type: 415,
  nothing_to_tap: 409,
  timeout: 408,
  unexpected_message: 409,
};

export class ControlRefusal extends Error {
  override readonly name = 'ControlRefusal';
  readonly code: RefusalCode;
  /** What helps to find the mistake: the field's path, the choices there are, the near misses. */
  readonly more: Record<string, unknown>;

  constructor(code: RefusalCode, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
