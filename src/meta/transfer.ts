// Bytes from and to Meta, as they flow. Behind an address that Meta gave out: The token goes with the request, so it goes nowhere but where Meta's own answer says, by
// https, or to the Graph that is configured itself; redirects are not followed.
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { request } from 'undici';

export interface Downloading {
  accessToken: string;
  url: string;
  signal: AbortSignal;
}

export type Download = { kind: 'found'; bytes: Readable } | { kind: 'failed'; reason: string };

/** Whether the token may go there. */
export function mayHaveToken(url: string, graphUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, origin, username } = new URL(url);
  return username === '' && (protocol === 'https:' || origin === new URL(graphUrl).origin);
}

export async function download(
  { accessToken, url, signal }: Downloading,
  { graphUrl, timeoutMs }: { graphUrl: string; timeoutMs: number },
): Promise<Download> {
  if (!mayHaveToken(url, graphUrl))
    return { kind: 'failed', reason: 'Meta told an address that is not https' };
  const answer = await request(url, {
    headers: { authorization: `Bearer ${accessToken}`, 'user-agent': 'Kurir' },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    signal,
  });
  if (answer.statusCode === 200) return { kind: 'found', bytes: answer.body };
  await answer.body.dump({ limit: 100_000 }).catch(() => undefined);
  return { kind: 'failed', reason: `Meta answered ${answer.statusCode} to the download` };
}

export interface UploadedFile {
  bytes: Readable;
  size: number;
  mimeType: string;
  filename: string;
}

/** The form of an upload, whose length is known before its bytes are read. */
export function formOf(file: UploadedFile): { body: Readable; type: string; bytes: number } {
  const boundary = `kurir-${randomUUID()}`;
  const field = (name: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const filename = encodeURI(file.filename).replaceAll('"', '%22');
  const head = Buffer.from(
    field('messaging_product', 'whatsapp') +
      field('type', file.mimeType) +
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\n` +
      `Content-Type: ${file.mimeType}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* parts(): AsyncGenerator {
    yield head;
    yield* file.bytes;
    yield tail;
  }
  return {
    body: Readable.from(parts(), { objectMode: false }),
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + file.size + tail.length,
  };
}
