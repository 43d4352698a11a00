// The part of a file that a request asks for (RFC 9110, 14). One part at a time: several, or what is not understood, is answered with the whole.
import type { BytePart } from './media-files.ts';

export type Asked = { kind: 'whole' } | { kind: 'part'; part: BytePart } | { kind: 'outside' };

export function readRange(header: string | undefined, size: number): Asked {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(/\s/g, '') ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (!match || (from === '' && to === '')) return { kind: 'whole' };
  // The last so many bytes.
  if (from === '') return within(Math.max(0, size - Number(to)), size - 1, size);
  if (to !== '' && Number(to) < Number(from)) return { kind: 'whole' };
  return within(Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1), size);
}

function within(first: number, last: number, size: number): Asked {
  return first < size && last >= first ? { kind: 'part', part: { first, last } } : { kind: 'outside' };
}
