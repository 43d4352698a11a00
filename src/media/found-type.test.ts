import { fileTypeFromBuffer } from 'file-type';
import { expect, test } from 'vitest';

import { foundType } from './found-type.ts';

const ZIP = Buffer.from('PK\x03\x04'.padEnd(60, '\0'), 'latin1');
const CFB = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(100)]);
const VOICE = Buffer.from(`OggS${'\0'.repeat(24)}OpusHead${'\0'.repeat(40)}`);
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

test.each([
  ['an older Word document', 'application/msword', CFB, 'application/msword'],
  ['a Word document', DOCX, ZIP, DOCX],
  ['an archive that says it is an image', 'image/png', ZIP, 'application/zip'],
  ['an archive that says it is a page', 'text/html', ZIP, 'application/zip'],
  ['a voice message', 'audio/ogg; codecs=opus', VOICE, 'audio/ogg'],
  ['text', 'text/plain; charset=utf-8', Buffer.from('Halo'), 'text/plain'],
  ['text that is none', 'text/plain', Buffer.from('Ha\0lo'), 'application/octet-stream'],
  ['an image without its beginning', 'image/jpeg', Buffer.from('Halo'), 'application/octet-stream'],
  ['a page by another type', 'image/png', Buffer.from('<html>'), 'application/octet-stream'],
  ['nothing told', null, Buffer.from('%PDF-1.7 '), 'application/pdf'],
  ['nothing told, nothing found', null, Buffer.from('?'), 'application/octet-stream'],
  ['no type at all', 'image/png\r\nX: y', Buffer.from('?'), 'application/octet-stream'],
  ['nothing', 'text/plain', Buffer.alloc(0), 'text/plain'],
])('%s', async (_, told, bytes, expected) => {
  const found = await fileTypeFromBuffer(bytes);
  expect(foundType(told, found?.mime, bytes)).toBe(expected);
});
