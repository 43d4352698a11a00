// A gateway that runs, called over HTTP with a key, as any application would: where it is, who asks, and what its answers mean here.
import { readClientConfig, readConfig } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { readDevelopmentFile, readRuntime } from '../storage/data-directory.ts';
import { CommandError, EXIT, exitCodeOf } from './complain.ts';
import { secretFrom, usage } from './read-options.ts';

export interface TargetOptions {
  url?: string;
  apiKeyFile?: string;
}

export interface Target {
  url: string;
  apiKey: string;
}

const ANSWER_WAIT_MS = 70_000;

// Flags before the environment, then what runs on the data directory; the demo key only for this computer.
/** Throws what there is to say where there is no key. */
export async function targetOf(options: TargetOptions): Promise<Target> {
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
        `There is no API key, and ${dataDir} holds none of a gateway in development mode. Set KURIR_API_KEY, or name a file with ` +
        '--api-key-file (`kurir keys create` makes a key); or name the folder of a `kurir dev` with KURIR_DATA_DIR.',
    });
  return { url, apiKey };
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

export interface Request {
  /** GET; POST where there is a body. */
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: JsonObject;
  idempotencyKey?: string | undefined;
  signal?: AbortSignal;
}

/** The `data` of an answer that holds one thing; throws a CommandError. */
export async function call(target: Target, path: string, request: Request = {}): Promise<JsonObject> {
  const { data } = await ask(target, path, request);
  return isObject(data) ? data : {};
}

/** The `data` of an answer that holds several. */
export async function callList(target: Target, path: string, request: Request = {}): Promise<JsonObject[]> {
  const { data } = await ask(target, path, request);
  return Array.isArray(data) ? data.filter(isObject) : [];
}

async function ask({ url, apiKey }: Target, path: string, request: Request): Promise<JsonObject> {
  let answer: Response;
  try {
    answer = await fetch(`${url}${path}`, {
      method: request.method ?? (request.body ? 'POST' : 'GET'),
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(request.body ? { 'content-type': 'application/json' } : {}),
        ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
      },
      ...(request.body ? { body: JSON.stringify(request.body) } : {}),
      signal: AbortSignal.any([
        AbortSignal.timeout(ANSWER_WAIT_MS),
        ...(request.signal ? [request.signal] : []),
      ]),
    });
  } catch {
    throw new CommandError({
      exitCode: EXIT.unavailable,
      code: 'unreachable',
      message: `No gateway answers at ${url}. Start one with \`kurir dev\`, or name one with --url or KURIR_URL.`,
    });
  }
  const value: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && isObject(value) && typeof value['data'] === 'object') return value;
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
    message: wordOf(message) + hintOf(code, param),
    ...field,
    showsCode: true,
  });
}

// The API speaks of its field; here it is a flag, or another command.
function hintOf(code: Json | undefined, param: Json | undefined): string {
  if (param === 'from')
    return ' Name it with --number: its phone number id, as `kurir numbers list` shows it.';
  if (code === 'invalid_webhook_url')
    return ' A program on this computer hears by `kurir listen --forward-to <address>`.';
  return '';
}

/** A text, or nothing. */
export function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
