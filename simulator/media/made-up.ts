// Bytes that are made up when they are asked for: of any size, always the same for a type, size and seed, beginning as files of
// their type begin. A key stream makes them, which can be entered at any place.
import { createCipheriv, createHash } from 'node:crypto';
import type { Content } from './content.ts';

export interface MadeUp {
  mimeType: string;
  size: number;
  seed: number;
}

const PIECE = 65_536;
const CIPHER_BLOCK = 16;
const ZEROS = new Uint8Array(PIECE);

export function madeUp({ mimeType, size, seed }: MadeUp): Content {
  return { size, pieces: (from, to) => piecesOf({ mimeType, size, seed }, from, to) };
}

function* piecesOf({ mimeType, seed }: MadeUp, from: number, to: number): Generator<Uint8Array> {
  const key = createHash('sha256').update(`made up ${seed}`).digest().subarray(0, CIPHER_BLOCK);
  const fill = mimeType.startsWith('text/') ? letters : noise;
  for (let start = from - (from % PIECE); start < to; start += PIECE) {
    const piece = fill(key, start);
    if (start === 0) piece.set(headOf(mimeType));
    yield piece.subarray(Math.max(from - start, 0), Math.min(to - start, PIECE));
  }
}

/** The sum, in hex; worked out once for the same bytes. */
export function sumOfMadeUp(given: MadeUp): string {
  const name = `${given.mimeType} ${given.size} ${given.seed}`;
  const known = SUMS.get(name);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const piece of piecesOf(given, 0, given.size)) hash.update(piece);
  const sum = hash.digest('hex');
  if (SUMS.size >= SUMS_MAX) SUMS.clear();
  SUMS.set(name, sum);
  return sum;
}

const SUMS = new Map<string, string>();
const SUMS_MAX = 10_000;

function noise(key: Uint8Array, start: number, length = PIECE): Buffer {
  const counter = Buffer.alloc(CIPHER_BLOCK);
  counter.writeUInt32BE(start / CIPHER_BLOCK, CIPHER_BLOCK - 4);
  return createCipheriv('aes-128-ctr', key, counter).update(ZEROS.subarray(0, length));
}

// What is text must read as text: hexadecimal digits, two for each byte of noise.
function letters(key: Uint8Array, start: number): Buffer {
  return Buffer.from(noise(key, start / 2, PIECE / 2).toString('hex'), 'latin1');
}

const OFFICE = 'application/vnd.openxmlformats-officedocument';

const HEADS: { readonly [mimeType: string]: Buffer } = {
  'image/jpeg': Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  'image/png': Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex'),
  'image/webp': Buffer.from('RIFF\xff\xff\xff\x00WEBPVP8 ', 'latin1'),
  'video/mp4': Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'),
  'video/3gpp': Buffer.from('\0\0\0\x18ftyp3gp4\0\0\0\x003gp43gp6', 'latin1'),
  'audio/mp4': Buffer.from('\0\0\0\x18ftypM4A \0\0\0\0M4A mp42', 'latin1'),
  'audio/ogg': Buffer.from(`OggS\0\x02${'\0'.repeat(20)}\x01\x13OpusHead\x01\x01`, 'latin1'),
  'audio/opus': Buffer.from(`OggS\0\x02${'\0'.repeat(20)}\x01\x13OpusHead\x01\x01`, 'latin1'),
  'audio/mpeg': Buffer.from('ID3\x03\0\0\0\0\0\0\xff\xfb\x90\x64', 'latin1'),
  'audio/amr': Buffer.from('#!AMR\n', 'latin1'),
  'audio/aac': Buffer.from('fff15080', 'hex'),
  'application/pdf': Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'),
  'application/msword': Buffer.from('d0cf11e0a1b11ae1', 'hex'),
  'application/vnd.ms-excel': Buffer.from('d0cf11e0a1b11ae1', 'hex'),
  'application/vnd.ms-powerpoint': Buffer.from('d0cf11e0a1b11ae1', 'hex'),
  'application/zip': zipHead('file.bin'),
  [`${OFFICE}.wordprocessingml.document`]: zipHead('word/document.xml'),
  [`${OFFICE}.spreadsheetml.sheet`]: zipHead('xl/workbook.xml'),
  [`${OFFICE}.presentationml.presentation`]: zipHead('ppt/presentation.xml'),
};

// The first entry of an archive, by whose name such documents are told from one another.
function zipHead(name: string): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04_03_4b_50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name, 'latin1')]);
}

function headOf(mimeType: string): Uint8Array {
  return HEADS[mimeType.split(';')[0]?.trim() ?? ''] ?? new Uint8Array();
}
