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
  language?: string;
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
/** Meta's code for a template that is not there, or not in this language. */
const NO_SUCH_TRANSLATION = 132_001;
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
  const { wait } = options;
  const message =
    wait === undefined ? first : await waitFor(terminal, target, { message: first, wait, options });
  const inVain = wait !== undefined && message['status'] !== 'failed' && !hasReached(message, wait);
  if (!inVain || terminal.json) terminal.result(message, () => shown(terminal, message));
  if (!inVain) return message['status'] === 'failed' ? EXIT.upstream : EXIT.ok;
  throw new CommandError({
    exitCode: EXIT.timeout,
    code: 'timeout',
    message: `${wordOf(message['id'])} is still ${wordOf(message['status'])}; waited ${options.timeout} s for ${wait}.`,
  });
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
  if (language === undefined)
    throw usage('Name the language of the template too: --language id_ID, for example. Meta guesses none.');
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
  if (options.url !== undefined && !isWebAddress(options.url))
    throw usage(`--url must be an address such as http://127.0.0.1:4000, not "${options.url}".`);
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

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
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
    // The API speaks of its field; here it is a flag.
    message: `${wordOf(message)}${param === 'from' ? ' Name it with --number: its phone number id, as `kurir numbers list` shows it.' : ''}`,
    ...field,
    showsCode: true,
  });
}

function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

type WaitedFor = NonNullable<SendOptions['wait']>;

interface Waiting {
  message: JsonObject;
  wait: WaitedFor;
  options: SendOptions;
}

// Until it is so far, has failed, or the time is over.
async function waitFor(
  terminal: Terminal,
  target: Target,
  { message, wait, options }: Waiting,
): Promise<JsonObject> {
  const until = systemClock.monotonic() + options.timeout * 1000;
  return terminal.wait(`Waiting until it is ${wait} ...`, poll());

  async function poll(): Promise<JsonObject> {
    for (let present = message; ; present = await call(target, `/v1/messages/${wordOf(message['id'])}`)) {
      if (present['status'] === 'failed' || hasReached(present, wait)) return present;
      if (systemClock.monotonic() >= until) return present;
      await pause(POLL_MS);
    }
  }
}

function hasReached(message: JsonObject, wait: WaitedFor): boolean {
  return ORDER.indexOf(wordOf(message['status'])) >= ORDER.indexOf(wait);
}

function shown(terminal: Terminal, message: JsonObject): string {
  const { style } = terminal;
  const { id, status, error } = message;
  if (!isObject(error)) return `${style.green('✓')} ${wordOf(status).padEnd(9)} ${wordOf(id)}`;
  const told = `${style.red('✗')} ${wordOf(error['code'])}: ${wordOf(error['message'])}\n  ${wordOf(id)}`;
  return error['provider_code'] === NO_SUCH_TRANSLATION
    ? `${told}\n  → Meta has no template of this name in this language: look at --template, and name its own language, --language id_ID for example.`
    : told;
}
