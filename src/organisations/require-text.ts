// Text that an operator gives (names, labels, secrets, ids of Meta): checked once, here, so that what reaches a table can be
// kept there and shown again. Secrets are named in a complaint by their field only, never by their value.
import { KurirError } from '../kernel/errors.ts';

/** The text without spaces around it; refuses what is empty, too long, or holds a control character or half a surrogate pair. */
export function requireText(value: string, param: string, maxLength: number): string {
  const text = value.trim();
  if (text === '')
    throw new KurirError('missing_required_field', `${param} is empty: give a text.`, { param });
  if (Array.from(text).length > maxLength)
    throw refused(param, `is longer than ${maxLength} characters: shorten it`);
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw refused(param, 'holds a character that cannot be kept: use plain text');
  }
  return text;
}

/** A secret of Meta's side: as `requireText`, and nothing but visible ASCII, since it travels in headers and signatures. */
export function requireSecret(value: string, param: string): string {
  const text = requireText(value, param, 1000);
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw refused(param, 'holds spaces or characters outside ASCII: copy it again from Meta’s page');
  }
  return text;
}

/** An id that Meta gives: digits only. */
export function requireMetaId(value: string, param: string): string {
  const text = requireText(value, param, 100);
  if (!/^\d{6,20}$/.test(text)) {
    throw refused(param, 'is not 6 to 20 digits: copy it from Meta’s page (WhatsApp, API setup)');
  }
  return text;
}

function refused(param: string, what: string): KurirError {
  return new KurirError('invalid_field_value', `${param} ${what}.`, { param });
}
