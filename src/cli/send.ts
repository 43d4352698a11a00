// `kurir send`: one message over HTTP, with a key, as any application would send it.
import { setTimeout as pause } from 'node:timers/promises';

import { readClientConfig, readConfig } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { systemClock } from '../kernel/clock.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { readDevelopmentFile, readRuntime } from '../storage/data-directory.ts';
import { CommandError, EXIT, exitCodeOf } from './complain.ts';
import { secretFrom, usage } from './read-options.ts';
import type { Terminal } from './terminal.ts';

export interface SendOptions {
  to: string;
  number?: string;
  template?: string;
  language: string;
  var?: string[];
  wait?: 'sent' | 'delivered' | 'read';
  timeout: number;
  idempotencyKey?: string;
  url?: string;
  apiKeyFile?: string;
}

interface Target {
  url: string;
  apiKey: string;
}

const POLL_MS = 200;
const ANSWER_WAIT_MS = 70_000;
const ORDER = ['queued', 'pending', 'sent', 'delivered', 'read'];

/** Returns the exit code. */
export async function send(
  terminal: Terminal,
  text: string | undefined,
  options: SendOptions,
): Promise<number> {
  const body = bodyOf(text, options);
  const target = await targetOf(options);
  const path =
    options.number === undefined ? '/v1/messages' : `/v1/${encodeURIComponent(options.number)}/messages`;
  const first = await terminal.wait(
    'Sending ...',
    call(target, path, { body, idempotencyKey: options.idempotencyKey }),
  );
  const { message, code } =
    options.wait === undefined
      ? { message: first, code: codeOf(first) }
      : await waitFor(terminal, target, { message: first, options });
  terminal.result(message, () => shown(terminal, message));
  return code;
}

function bodyOf(
  text: string | undefined,
  { to, template, language, var: values = [], number }: SendOptions,
): JsonObject {
  const base: JsonObject = { ...(number === undefined ? {} : { messaging_product: 'whatsapp' }), to };
  if (template === undefined) {
    if (text === undefined || text === '')
      throw usage('Say what to send: kurir send --to +628111111111 "Halo", or name a --template.');
    return { ...base, type: 'text', text: { body: text } };
  }
  if (text !== undefined) throw usage('Give a text or a --template, not both.');
  const parameters = values.map((value) => ({ type: 'text', text: value }));
  const components = parameters.length === 0 ? {} : { components: [{ type: 'body', parameters }] };
  return {
    ...base,
    type: 'template',
    template: { name: template, language: { code: language }, ...components },
  };
}

// Flags before the environment, then what runs on the data directory; the demo key only for this computer.
async function targetOf(options: SendOptions): Promise<Target> {
  const env = processEnvironment();
  const client = readClientConfig(env);
  const { dataDir } = readConfig({ KURIR_DATA_DIR: env['KURIR_DATA_DIR'] }, 'development').config;
  const dev = readDevelopmentFile(dataDir);
  const url = (
    options.url ??
    client.url ??
    readRuntime(dataDir)?.url ??
    dev.url ??
    'http://127.0.0.1:4000'
  ).replace(/\/+$/, '');
  const given =
    options.apiKeyFile === undefined
      ? client.apiKey
      : await secretFrom('api-key', undefined, options.apiKeyFile);
  const apiKey = given ?? (isLoopback(url) ? dev.apiKey : undefined);
  if (apiKey === undefined)
    throw new CommandError({
      exitCode: EXIT.denied,
      code: 'no_api_key',
      message:
        'There is no API key: set KURIR_API_KEY, or name a file with --api-key-file. `kurir keys create` makes one.',
    });
  return { url, apiKey };
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

interface Request {
  body?: JsonObject;
  idempotencyKey?: string | undefined;
}

async function call({ url, apiKey }: Target, path: string, request: Request = {}): Promise<JsonObject> {
  let answer: Response;
  try {
    answer = await fetch(`${url}${path}`, {
      method: request.body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(request.body ? { 'content-type': 'application/json' } : {}),
        ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
      },
      ...(request.body ? { body: JSON.stringify(request.body) } : {}),
      signal: AbortSignal.timeout(ANSWER_WAIT_MS),
    });
  } catch {
    throw new CommandError({
      exitCode: EXIT.unavailable,
      code: 'unreachable',
      message: `No gateway answers at ${url}. Start one with \`kurir dev\`, or name one with --url or KURIR_URL.`,
    });
  }
  const value: unknown = await answer.json().catch(() => undefined);
  const data = isObject(value) ? value['data'] : undefined;
  if (answer.ok && isObject(data)) return data;
  throw refusal(answer.status, isObject(value) ? value['error'] : undefined, url);
}

function refusal(status: number, error: unknown, url: string): CommandError {
  if (!isObject(error))
    return new CommandError({
      exitCode: EXIT.unexpected,
      code: 'unexpected',
      message: `${url} answered ${status}, and not as Kurir does. Is it the right address?`,
    });
  const { code, message, param } = error;
  const field = typeof param === 'string' ? { param } : {};
  return new CommandError({
    exitCode: exitCodeOf(status),
    code: wordOf(code),
    message: wordOf(message),
    ...field,
    showsCode: true,
  });
}

function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

interface Waiting {
  message: JsonObject;
  options: SendOptions;
}

async function waitFor(
  terminal: Terminal,
  target: Target,
  { message, options }: Waiting,
): Promise<{ message: JsonObject; code: number }> {
  const until = systemClock.monotonic() + options.timeout * 1000;
  const rank = ORDER.indexOf(options.wait ?? 'sent');
  return terminal.wait(`Waiting until it is ${options.wait} ...`, poll());

  async function poll(): Promise<{ message: JsonObject; code: number }> {
    for (let present = message; ; present = await call(target, `/v1/messages/${wordOf(message['id'])}`)) {
      if (present['status'] === 'failed') return { message: present, code: EXIT.upstream };
      if (ORDER.indexOf(wordOf(present['status'])) >= rank) return { message: present, code: EXIT.ok };
      if (systemClock.monotonic() > until) return { message: present, code: EXIT.timeout };
      await pause(POLL_MS);
    }
  }
}

function codeOf(message: JsonObject): number {
  return message['status'] === 'failed' ? EXIT.upstream : EXIT.ok;
}

function shown(terminal: Terminal, message: JsonObject): string {
  const { style } = terminal;
  const { id, status, error } = message;
  if (!isObject(error)) return `${style.green('✓')} ${wordOf(status).padEnd(9)} ${wordOf(id)}`;
  return `${style.red('✗')} ${wordOf(error['code'])}: ${wordOf(error['message'])}\n  ${wordOf(id)}`;
}
