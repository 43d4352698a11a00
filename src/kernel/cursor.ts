// Opaque cursors: the last row of a page, sealed by a MAC over it and over the filters it was made with. A cursor that was changed,
// or is used with other filters, is refused rather than answered with the wrong rows.
import { KurirError } from './errors.ts';
import { equalSecrets, hmacSha256 } from './secrets.ts';

/** 96 bits. */
const MAC_CHARACTERS = 24;

export type CursorPlace = [createdAt: string, id: string];

export interface Cursor {
  write(place: CursorPlace): string;
  read(text: string): CursorPlace;
}

export function createCursor(key: Buffer, filters: object): Cursor {
  const mac = (body: string): string =>
    hmacSha256(key, `${body}\n${JSON.stringify(filters)}`).slice(0, MAC_CHARACTERS);
  return {
    write(place) {
      const body = Buffer.from(JSON.stringify(place)).toString('base64url');
      return `${body}.${mac(body)}`;
    },
    read(text) {
      const [body = '', sum = '', ...rest] = text.split('.');
      if (rest.length > 0 || !equalSecrets(sum, mac(body))) throw refused();
      const place: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
      if (!Array.isArray(place) || typeof place[0] !== 'string' || typeof place[1] !== 'string')
        throw refused();
      return [place[0], place[1]];
    },
  };
}

function refused(): KurirError {
  return new KurirError(
    'invalid_cursor',
    'The cursor was altered, or made with other filters: start again without it.',
    { param: 'cursor' },
  );
}
