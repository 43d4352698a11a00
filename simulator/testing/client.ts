// Calls to a simulator from tests: the Graph with its token, and the control API.
import { isObject, type JsonObject } from '../../src/kernel/json.ts';

export const NUMBER = '106540352242922';
export const WABA = '102290129340398';
export const TOKEN = 'EAASimulatedToken';

export interface Answered {
  status: number;
  text: string;
  json: JsonObject;
  headers: Headers;
}

interface Target {
  url: string;
}

export interface GraphOptions {
  body?: unknown;
  token?: string | null;
  headers?: Record<string, string>;
}

/** One call to the Graph: `GET /v24.0/106540352242922`. */
export async function graph({ url }: Target, call: string, options: GraphOptions = {}): Promise<Answered> {
  const [method = 'GET', path = '/'] = call.split(' ');
  const { token = TOKEN, body, headers = {} } = options;
  const raw = body === undefined || body instanceof FormData || typeof body === 'string';
  return answered(
    await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(raw ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    }),
  );
}

/** Sends a message: `messaging_product` and a recipient are put in front. */
export function send(target: Target, message: JsonObject, options: GraphOptions = {}): Promise<Answered> {
  const body = { messaging_product: 'whatsapp', to: '628111111111', ...message };
  return graph(target, `POST /v24.0/${NUMBER}/messages`, { body, ...options });
}

export function sendText(target: Target, to = '628111111111', body = 'Halo'): Promise<Answered> {
  return send(target, { to, type: 'text', text: { body } });
}

/** The wamid of an accepted send. */
export function wamidOf({ json, text }: Answered): string {
  const [message] = Array.isArray(json['messages']) ? json['messages'] : [];
  if (isObject(message) && typeof message['id'] === 'string') return message['id'];
  throw new Error(`The send was not accepted: ${text}`);
}

/** The error of an answer, without its trace id. */
export function errorOf({ json }: Answered): JsonObject {
  const { error } = json;
  if (!isObject(error)) return {};
  const { fbtrace_id: _, ...rest } = error;
  return rest;
}

/** One call to the control API: `POST /phones`. */
export async function control({ url }: Target, call: string, body?: unknown): Promise<Answered> {
  const [method = 'GET', path = '/'] = call.split(' ');
  return answered(
    await fetch(`${url}/_sim/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }),
  );
}

async function answered(response: Response): Promise<Answered> {
  const text = await response.text();
  let json: unknown = {};
  try {
    json = JSON.parse(text);
  } catch {
    // Not every answer is JSON; the test looks at the text then.
  }
  return { status: response.status, text, json: isObject(json) ? json : {}, headers: response.headers };
}
