// The main walk, through HTTP: a send is answered as Meta would, and its statuses arrive signed and in order.
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from './simulator.ts';

interface Heard {
  signature: string;
  body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(): Promise<{ url: string; heard: Heard[]; until: (n: number) => Promise<void> }> {
  const heard: Heard[] = [];
  let look = (): void => undefined;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(new URL(request.url ?? '', 'http://x').searchParams.get('hub.challenge'));
      return;
    }
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      heard.push({ signature: String(request.headers['x-hub-signature-256']), body });
      response.end();
      look();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const until = (n: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => (heard.length >= n ? resolve() : undefined);
      look();
    });
  return { url: `http://127.0.0.1:${port}/webhook`, heard, until };
}

test('a text is taken, and sent, delivered and read are told, signed', async () => {
  const receiver = await listen();
  await using simulator = await startSimulator({
    callbackUrl: receiver.url,
    windowEnforced: false,
    statusDelaysMs: { sent: 0, delivered: 0, read: 0 },
    phones: [{ phone: '+628111111111', autoRead: true }],
  });
  const answer = await fetch(`${simulator.url}/v24.0/106540352242922/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer EAASimulatedToken', 'content-type': 'application/json' },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      to: '+628111111111',
      type: 'text',
      text: { body: 'Halo é/@' },
      biz_opaque_callback_data: 'tok',
    }),
  });
  expect(answer.status).toBe(200);
  const sent = await answer.text();
  expect(sent).toMatch(
    /^\{"messaging_product":"whatsapp","contacts":\[\{"input":"\+628111111111","wa_id":"628111111111"\}\],"messages":\[\{"id":"wamid\.HBgM/,
  );
  await receiver.until(3);
  expect(
    receiver.heard.map((one) => JSON.parse(one.body).entry[0].changes[0].value.statuses[0].status),
  ).toEqual(['sent', 'delivered', 'read']);
  for (const { body, signature } of receiver.heard) {
    expect(signature).toBe(
      `sha256=${createHmac('sha256', 'simulated-app-secret').update(body).digest('hex')}`,
    );
    expect(body).toContain('"biz_opaque_callback_data":"tok"');
  }
  const listed = await (await fetch(`${simulator.url}/_sim/v1/messages?to=628111111111`)).json();
  expect(listed).toMatchObject({ data: [{ status: 'read' }] });
});
