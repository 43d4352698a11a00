// `kurir send`: one message over HTTP, with a key, as any application would send it.
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../kernel/clock.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { call, targetOf, wordOf, type Target, type TargetOptions } from './call-gateway.ts';
import { CommandError, EXIT } from './complain.ts';
import { usage } from './read-options.ts';
import { visible, type Terminal } from './terminal.ts';

export interface SendOptions extends TargetOptions {
  to: string;
  number?: string;
  template?: string;
  language?: string;
  var?: string[];
  wait?: 'sent' | 'delivered' | 'read';
  timeout: number;
  idempotencyKey?: string;
}

const POLL_MS = 200;
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
  const told = `${style.red('✗')} ${wordOf(error['code'])}: ${visible(wordOf(error['message']), 1_000)}\n  ${wordOf(id)}`;
  return error['provider_code'] === NO_SUCH_TRANSLATION
    ? `${told}\n  → Meta has no template of this name in this language: look at --template, and name its own language, --language id_ID for example.`
    : told;
}
