// A Meta that does as it is told, call by call: answers, holds an answer back, or hangs up. For what the simulator behaves too well
// for; it sends no webhooks of its own (see signed-webhooks.ts).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

import { isObject, type JsonObject } from '../../src/kernel/json.ts';

/** One POST to /{version}/{phone_number_id}/messages, as it came. */
export interface MetaCall {
  phoneNumberId: string;
  body: JsonObject;
  /** The digits it goes to. */
  to: string;
  /** What statuses of it echo. */
  token: string;
  /** The wamid that an acceptance of this call tells. */
  wamid: string;
}

export type Reaction =
  | { kind: 'accept' }
  | { kind: 'refuse'; code: number; status?: number; details?: string; headers?: Record<string, string> }
  /** This body, with 200. */
  | { kind: 'say'; body: JsonObject }
  /** Accepted, and the connection closed without a word of it. */
  | { kind: 'hang up' }
  /** Nothing is answered until `letGo`. */
  | { kind: 'hold' };

export interface MetaByHand extends AsyncDisposable {
  url: string;
  /** Every call, in the order of arrival. */
  calls: MetaCall[];
  /** How calls are answered from now on; they are accepted until this is said. */
  react(by: (call: MetaCall) => Reaction): void;
  /** Accepts what is held, or answers it otherwise, and nothing is held from now on. */
  letGo(by?: Exclude<Reaction, { kind: 'hold' }>): void;
  callsTo(digits: string): MetaCall[];
}

export async function startMetaByHand(port = 0): Promise<MetaByHand> {
  const calls: MetaCall[] = [];
  let reaction = (_call: MetaCall): Reaction => ({ kind: 'accept' });
  const held: { call: MetaCall; response: ServerResponse }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const call = toCall(request.url ?? '', await readBody(request), calls.length);
    calls.push(call);
    const now = reaction(call);
    if (now.kind === 'hold') held.push({ call, response });
    else answer(response, call, now);
  };
  const server = createServer((request, response) => void take(request, response));
  const url = await listen(server, port);
  return {
    url,
    calls,
    react: (by) => void (reaction = by),
    letGo(by = { kind: 'accept' }) {
      reaction = () => ({ kind: 'accept' });
      for (const one of held.splice(0)) answer(one.response, one.call, by);
    },
    callsTo: (digits) => calls.filter((call) => call.to === digits),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  response: ServerResponse,
  call: MetaCall,
  reaction: Exclude<Reaction, { kind: 'hold' }>,
): void {
  if (reaction.kind === 'hang up') return void response.destroy();
  const accepted = {
    messaging_product: 'whatsapp',
    contacts: [{ input: call.to, wa_id: call.to }],
    messages: [{ id: call.wamid }],
  };
  const refused = reaction.kind === 'refuse' && {
    error: {
      message: `(#${reaction.code}) as told`,
      type: 'OAuthException',
      code: reaction.code,
      error_data: { messaging_product: 'whatsapp', details: reaction.details ?? 'As told.' },
      fbtrace_id: 'AAAAAAAAAAAAAAAAAAAAAAA',
    },
  };
  const headers = reaction.kind === 'refuse' ? reaction.headers : {};
  response.writeHead(reaction.kind === 'refuse' ? (reaction.status ?? 400) : 200, {
    'content-type': 'application/json',
    ...headers,
  });
  response.end(JSON.stringify(reaction.kind === 'say' ? reaction.body : refused || accepted));
}

function toCall(url: string, body: JsonObject, index: number): MetaCall {
  const to = typeof body['to'] === 'string' ? body['to'].replace(/\D/g, '') : '';
  const token = body['biz_opaque_callback_data'];
  const serial = Buffer.from(`${to} ${index} ${Date.now()}`).toString('base64url');
  return {
    phoneNumberId: url.split('/')[2] ?? '',
    body,
    to,
    token: typeof token === 'string' ? token : '',
    wamid: `wamid.${serial}`,
  };
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const body: unknown = await json(request);
  return isObject(body) ? body : {};
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
