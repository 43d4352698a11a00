// A tap on the wire between a house and its simulator: every call to Meta is written down in the order it came, and a test may
// rule over it: let it pass, answer in Meta's place, hold it, or lose what Meta answers. What passes is the simulator's own.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { startHouse, type House, type HouseOptions } from './house.ts';
import { newWamid } from './meta-webhook.ts';

export interface MetaCall {
  method: string;
  path: string;
  authorization: string;
  body: JsonObject;
  /** How many calls came before it. */
  index: number;
}

export type Ruling =
  /** Meta has it and its answer arrives. */
  | 'pass'
  /** Meta never sees it; the connection breaks. */
  | 'break'
  /** Meta takes it; the connection breaks before its answer arrives. */
  | 'lose answer'
  /** Meta never sees it; this is answered. */
  | { status: number; body: unknown; headers?: Record<string, string> }
  /** Meta takes it; its answer arrives when the promise resolves. */
  | { answerAfter: Promise<unknown> };

/** May wait before it rules: so long the call is held and Meta has not seen it. */
export type Rule = (call: MetaCall) => Ruling | Promise<Ruling>;

export interface MetaTap {
  url: string;
  calls: MetaCall[];
  /** The calls that send something, not those that mark as read. */
  sends(): MetaCall[];
  rule(rule: Rule): void;
}

export interface TappedHouse extends House {
  tap: MetaTap;
}

/** A house whose calls to Meta go through a tap. */
export async function startTappedHouse(options: HouseOptions = {}): Promise<TappedHouse> {
  const wire: Wire = { rule: () => 'pass', calls: [], meta: '' };
  const server = createServer((request, response) => {
    take(wire, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const house = await startHouse({ ...options, config: { ...options.config, graphUrl: url } });
  wire.meta = house.simulator.url;
  const tap: MetaTap = {
    url,
    calls: wire.calls,
    sends: () => wire.calls.filter((call) => call.body['status'] === undefined),
    rule: (rule) => void (wire.rule = rule),
  };
  return Object.assign(house, {
    tap,
    [Symbol.asyncDispose]: closing(house, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }),
  });
}

/** Meta's yes to a send, for what the simulator would have more to say about; no status follows. */
export function accepted(): Ruling {
  const body = { messaging_product: 'whatsapp', contacts: [], messages: [{ id: newWamid() }] };
  return { status: 200, body };
}

/** A refusal in Meta's words. */
export function refusal(
  code: number,
  about: { status?: number; details?: string; retryAfter?: string } = {},
): Ruling {
  const { status = 400, details = 'a refusal of the tests', retryAfter } = about;
  return {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    body: {
      error: {
        message: `(#${code}) A title`,
        type: 'OAuthException',
        code,
        error_data: { messaging_product: 'whatsapp', details },
        fbtrace_id: 'AtestsAtestsAtestsAtests',
      },
    },
  };
}

/** A promise that is resolved by hand. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

interface Wire {
  rule: Rule;
  calls: MetaCall[];
  meta: string;
}

async function take(wire: Wire, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const bytes = Buffer.concat(await request.toArray());
  const json: unknown = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
  const call: MetaCall = {
    method: request.method ?? '',
    path: request.url ?? '',
    authorization: request.headers.authorization ?? '',
    body: isObject(json) ? json : {},
    index: wire.calls.length,
  };
  wire.calls.push(call);
  const ruling = await wire.rule(call);
  if (ruling === 'break') return void response.destroy();
  if (typeof ruling === 'object' && 'status' in ruling) {
    response.writeHead(ruling.status, { 'content-type': 'application/json', ...ruling.headers });
    return void response.end(JSON.stringify(ruling.body));
  }
  const answer = await fetch(wire.meta + call.path, {
    method: call.method,
    headers: { authorization: call.authorization, 'content-type': 'application/json' },
    ...(bytes.length === 0 ? {} : { body: bytes }),
  });
  const text = await answer.text();
  if (ruling === 'lose answer') return void response.destroy();
  if (typeof ruling === 'object') await ruling.answerAfter;
  response.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? 'application/json',
  });
  return void response.end(text);
}

function closing(house: House, close: () => Promise<void>): () => Promise<void> {
  const closeHouse = house[Symbol.asyncDispose].bind(house);
  return async () => {
    await closeHouse();
    await close();
  };
}
