// `kurir listen`: brings events to a program on this computer, without an address that anybody could reach. It asks the gateway, posts what
// comes to the local address, signed as it would be, and says what came of it. Its secret stays the same from start to start.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { readConfig } from '../config/config.ts';
import { processEnvironment } from '../config/read-env.ts';
import { systemClock } from '../kernel/clock.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { readVersion } from '../kernel/version.ts';
import { keptText } from '../storage/private-file.ts';
import { call, callList, targetOf, wordOf, type Target, type TargetOptions } from './call-gateway.ts';
import { CommandError, EXIT } from './complain.ts';
import { usage } from './read-options.ts';
import { catchStopSignals } from './stop-signals.ts';
import { visible, type Terminal } from './terminal.ts';
import { listOf } from './webhooks.ts';

export interface ListenOptions extends TargetOptions {
  forwardTo?: string;
  events: string[];
  dialect: string;
  phoneNumberId?: string[];
  printSecret?: boolean;
}

interface Listener {
  path: string;
  secret: string;
}

const LISTENER_ID = 'listener-id';
/** What is forwarded at the same time. */
const TOGETHER = 20;
const WAIT_SECONDS = 25;
const FORWARD_MS = 10_000;
const AGAIN_MS = 2_000;
/** For what is under way when one stops. */
const STOP_MS = 12_000;

/** Runs until it is told to stop; returns the exit code. */
export async function listen(terminal: Terminal, options: ListenOptions): Promise<number> {
  const forwardTo = addressOf(options.forwardTo);
  const target = await targetOf(options);
  if (options.printSecret === true) {
    const { secret } = await subscribe(target, forwardTo, options);
    terminal.result({ secret }, () => secret);
    return EXIT.ok;
  }
  const signals = catchStopSignals();
  const listener = await subscribe(target, forwardTo, options);
  terminal.note(
    `Ready: what happens is posted to ${forwardTo.href}, signed with ${listener.secret} (it stays the same). Ctrl-C ends it.`,
  );
  const stopping = new AbortController();
  const failed = Promise.withResolvers<never>();
  const listening = forwardAll(terminal, { target, listener, forwardTo, signal: stopping.signal });
  listening.catch(failed.reject);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await listening;
  };
  return Promise.race([signals.untilStopped(terminal, stop, STOP_MS), failed.promise]);
}

/** A port alone is one of this computer; without a scheme it is http. */
function addressOf(given = ''): URL {
  const text = given.replace(/^:?(\d+)(?=\/|$)/, 'localhost:$1');
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  const rest = text.replace(/^https?:\/\//i, '');
  // What a parser makes an address of, and nobody means: a path alone, words, another scheme.
  const isMeant = /^[^\s/:@?#]\S*$/.test(rest) && !/^[\w.+-]*:\/\//.test(rest);
  if (url && isMeant && url.port !== '0' && url.username === '' && url.password === '') return url;
  throw usage(
    `--forward-to must be an address such as http://localhost:3000/hook, or a port, not "${visible(given)}".`,
  );
}

// Computers may have the same name: what tells them apart is kept where Kurir keeps its data, so that the secret stays the same.
function nameOfListener(): string {
  const { dataDir } = readConfig(
    { KURIR_DATA_DIR: processEnvironment()['KURIR_DATA_DIR'] },
    'development',
  ).config;
  try {
    mkdirSync(dataDir, { recursive: true });
    return `${hostname()} (${keptText(join(dataDir, LISTENER_ID), () => randomBytes(4).toString('hex'))})`;
  } catch {
    // A folder that cannot be written to says as much as it can: its path.
    return `${hostname()} (${dataDir})`;
  }
}

// Found again by its description: one for each address and folder on this computer, so that two of them do not share what comes.
async function subscribe(target: Target, forwardTo: URL, options: ListenOptions): Promise<Listener> {
  const { dialect, phoneNumberId } = options;
  const body: JsonObject = {
    url: null,
    description: `kurir listen on ${nameOfListener()}, to ${forwardTo.origin}${forwardTo.pathname}`,
    events: listOf(options.events),
    dialect,
    phone_number_ids: phoneNumberId ? listOf(phoneNumberId) : null,
  };
  const made = await call(target, '/v1/webhook_subscriptions', { body });
  return {
    path: `/v1/webhook_subscriptions/${wordOf(made['id'])}`,
    secret: wordOf(made['initial_secret']),
  };
}

interface Forwarding {
  target: Target;
  listener: Listener;
  forwardTo: URL;
  signal: AbortSignal;
}

async function forwardAll(terminal: Terminal, forwarding: Forwarding): Promise<void> {
  const { target, listener, signal } = forwarding;
  let away = false;
  while (!signal.aborted) {
    try {
      const body = { max: TOGETHER, wait_seconds: WAIT_SECONDS };
      const fetched = await callList(target, `${listener.path}/fetch`, { body, signal });
      if (away) terminal.note('The gateway answers again.');
      away = false;
      if (fetched.length === 0) continue;
      const results = await Promise.all(fetched.map((one) => forward(terminal, forwarding, one)));
      await call(target, `${listener.path}/results`, { body: { results } });
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      if (!away) terminal.note(`${visible(error.message)} It is asked again every ${AGAIN_MS / 1_000} s.`);
      away = true;
      await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

// A gateway that is restarted comes back; a key that is refused does not.
function isPassing(error: unknown): error is CommandError {
  return (
    error instanceof CommandError &&
    [EXIT.unavailable, EXIT.rateLimited, EXIT.unexpected].some((code) => code === error.complaint.exitCode)
  );
}

/** Posts one; what came of it is said, and is a value. */
async function forward(
  terminal: Terminal,
  { forwardTo }: Forwarding,
  delivery: JsonObject,
): Promise<JsonObject> {
  const { delivery_id: deliveryId, event_type: type, event_id: eventId, body } = delivery;
  const begun = systemClock.monotonic();
  say(terminal, `--> ${visible(wordOf(type))} ${visible(wordOf(eventId))}`);
  const outcome = await post(forwardTo, headersOf(delivery['headers']), wordOf(body));
  const ms = Math.round(systemClock.monotonic() - begun);
  const { status, error } = outcome;
  const shown = status === undefined ? terminal.style.red(wordOf(error)) : colouredStatus(terminal, status);
  say(terminal, `<-- ${shown} POST ${forwardTo.host}${forwardTo.pathname} ${ms} ms`);
  if (terminal.json) terminal.result({ deliveryId, eventId, type, ...outcome, ms }, () => '');
  return { delivery_id: deliveryId ?? null, ...outcome, ms };
}

async function post(
  to: URL,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; error?: never } | { status?: never; error: string }> {
  try {
    const answer = await fetch(to, {
      method: 'POST',
      headers: { 'user-agent': `Kurir-Webhook/${readVersion()}`, ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(FORWARD_MS),
    });
    await answer.arrayBuffer().catch(() => undefined);
    return { status: answer.status };
  } catch (error) {
    return { error: whyFailed(error) };
  }
}

// fetch says "fetch failed" and keeps the reason as its cause.
function whyFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'TimeoutError') return `no answer within ${FORWARD_MS / 1_000} s`;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return code === 'ECONNREFUSED' ? 'nobody listens there (ECONNREFUSED)' : `it failed (${code})`;
}

function headersOf(value: Json | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, wordOf(text)]));
}

function colouredStatus({ style }: Terminal, status: number): string {
  return status >= 200 && status < 300 ? style.green(String(status)) : style.red(String(status));
}

function say(terminal: Terminal, text: string): void {
  if (terminal.json) return;
  const now = new Date(systemClock.now()).toLocaleTimeString('sv-SE');
  process.stdout.write(`${terminal.style.dim(now)} ${text}\n`);
}
