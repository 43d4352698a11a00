// A form of several parts, read as it comes: what a part carries is handed on piece by piece, and nothing is held but the end of a
// piece that may be the beginning of a boundary.

export interface FormPart {
  name: string;
  /** Of a file. */
  filename: string | null;
  type: string;
  /** To be read to its end before the next part. */
  body: AsyncIterable<Uint8Array>;
}

/** The form is not one: no boundary where one should be, or it ends too early. */
export class BrokenForm extends Error {
  override readonly name = 'BrokenForm';
}

const HEAD_MAX_BYTES = 8192;
const NEW_LINE = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');

/** The boundary that a content type names; null: it is no form. */
export function boundaryOf(contentType: string): string | null {
  if (!contentType.startsWith('multipart/form-data')) return null;
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return found?.[1] ?? found?.[2] ?? null;
}

export async function* formParts(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<FormPart> {
  // The first boundary has no line before it.
  const source = new Source(body, NEW_LINE);
  const mark = Buffer.from(`\r\n--${boundary}`);
  await textOf(source.until(mark));
  while ((await source.take(2)).equals(NEW_LINE)) {
    const head = await textOf(source.until(HEAD_END));
    const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
    yield {
      name: parameterOf(disposition, 'name') ?? '',
      filename: parameterOf(disposition, 'filename'),
      type: /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? '',
      body: source.until(mark),
    };
  }
}

/** What a part says, when it is short. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > HEAD_MAX_BYTES) throw new BrokenForm('A head or a field of the form is too long.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parameterOf(disposition: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;]+))`, 'i').exec(disposition);
  return found?.[1] ?? found?.[2] ?? null;
}

class Source {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Buffer;

  constructor(body: AsyncIterable<Uint8Array>, before: Uint8Array) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#rest = Buffer.from(before);
  }

  /** Everything before a mark, which is taken too. */
  async *until(mark: Buffer): AsyncGenerator<Uint8Array> {
    for (let at = this.#rest.indexOf(mark); ; at = this.#rest.indexOf(mark)) {
      if (at >= 0) {
        const last = this.#rest.subarray(0, at);
        this.#rest = this.#rest.subarray(at + mark.length);
        if (last.length > 0) yield last;
        return;
      }
      const sure = Math.max(this.#rest.length - mark.length + 1, 0);
      const piece = this.#rest.subarray(0, sure);
      this.#rest = this.#rest.subarray(sure);
      if (sure > 0) yield piece;
      await this.#more();
    }
  }

  async take(count: number): Promise<Buffer> {
    while (this.#rest.length < count) await this.#more();
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#pieces.next();
    if (done === true) throw new BrokenForm('The form ends too early.');
    this.#rest = Buffer.concat([this.#rest, value]);
  }
}
