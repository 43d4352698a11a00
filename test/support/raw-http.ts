// HTTP below fetch: what no client would send is written to a socket as it stands, and the answer read back as it came.
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
}

/** Sends text (Latin-1, so that any byte can be said) and reads one answer; the connection is closed after it. */
export function exchange(url: string, request: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const chunks: Buffer[] = [];
    const finish = (): void => {
      const answer = readAnswer(Buffer.concat(chunks).toString('utf8'));
      if (!answer) return;
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      finish();
    });
    socket.on('end', () => reject(new Error('the connection was closed without a whole answer')));
    socket.on('error', reject);
    socket.write(request, 'latin1');
  });
}

/** A request's text: its line, its headers, and a body whose length is said unless `headers` say something of it. */
export function requestText(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all: Record<string, string> = { host: 'kurir.test', ...headers };
  const said = Object.keys(all).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  if (body !== '' && !said) all['content-length'] = String(Buffer.byteLength(body, 'latin1'));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function readAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)) return undefined;
  return { status: Number(first.split(' ')[1]), headers, text: body };
}
