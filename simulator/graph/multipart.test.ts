// Forms of several parts, however they are cut into pieces on their way.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenForm, boundaryOf, formParts, textOf } from './multipart.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, boundary: string, size: number): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const { name, filename, type, body } of formParts(inPieces(bytes, size), boundary)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    parts.push([name, filename, type, Buffer.concat(pieces).toString('latin1')]);
  }
  return parts;
}

test('parts come out as they went in, whatever the pieces, also when they hold what looks like a boundary', async () => {
  const pieces = fc.oneof(fc.string(), fc.constantFrom('\r\n', '\r\n-', '\r\n--x', '\r\n--xy ', '--', '\r'));
  const text = fc.array(pieces).map((all) => all.join('').replaceAll('\r\n--xyz', ''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      async (texts, size) => {
        const parts = texts.map((one, i) => {
          const head = `Content-Disposition: form-data; name="n${i}"; filename="f ${i}"\r\nContent-Type: text/plain`;
          return `--xyz\r\n${head}\r\n\r\n${Buffer.from(one).toString('latin1')}\r\n`;
        });
        const form = Buffer.from(`${parts.join('')}--xyz--\r\n`, 'latin1');
        expect(await read(form, 'xyz', size)).toEqual(
          texts.map((one, i) => [`n${i}`, `f ${i}`, 'text/plain', Buffer.from(one).toString('latin1')]),
        );
      },
    ),
  );
});

test('a form that ends too early, or whose head never does, is broken', async () => {
  const head = '--x\r\nContent-Disposition: form-data; name="a"\r\n';
  for (const text of [
    '',
    'no form',
    head,
    `${head}\r\nhalf`,
    `${head}\r\nhalf\r\n--x`,
    `${head}${'a'.repeat(9000)}`,
  ]) {
    await expect(read(Buffer.from(text), 'x', 7)).rejects.toThrow(BrokenForm);
  }
  const long = Buffer.from(`--x\r\n\r\n${'a'.repeat(9000)}\r\n--x--`);
  await expect(
    (async () => {
      for await (const { body } of formParts(inPieces(long, 100), 'x')) await textOf(body);
    })(),
  ).rejects.toThrow(BrokenForm);
});

test('the boundary of a content type', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc');
  expect(boundaryOf('multipart/form-data; charset=utf-8; boundary="a b"')).toBe('a b');
  expect(boundaryOf('multipart/mixed; boundary=abc')).toBeNull();
  expect(boundaryOf('multipart/form-data')).toBeNull();
});
