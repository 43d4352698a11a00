import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { allowFile, limitBodyTime } from './body-time.ts';

test('a body that does not come in time ends its request, a file may take longer, and what came whole is left alone', async () => {
  const ended: string[] = [];
  await using server = createServer((request, response) => {
    if (request.url === '/file') allowFile(request);
    request.resume().on('end', () => response.end('taken'));
  });
  server.on('clientError', (error, socket) => {
    ended.push('code' in error ? String(error.code) : '');
    socket.end('late');
  });
  limitBodyTime(server, 50);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const open = (path: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\nab`);
    return socket;
  };
  const [slow, file] = [open('/slow'), open('/file')];
  expect(await text(slow)).toBe('late');
  file.write('cd');
  expect(await text(file)).toContain('taken');
  const whole = open('/whole');
  whole.write('cd');
  expect(await text(whole)).toContain('taken');
  expect(ended.filter((code) => code === 'ERR_HTTP_REQUEST_TIMEOUT')).toHaveLength(1);
});
