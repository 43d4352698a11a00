// `kurir webhooks`: who is told of what, through a gateway that runs. A secret is shown once, when it is made.
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../kernel/clock.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { call, callList, targetOf, wordOf, type Target, type TargetOptions } from './call-gateway.ts';
import { CommandError, EXIT } from './complain.ts';
import { instantFrom, usage } from './read-options.ts';
import { shownTime, table, visible, type Terminal } from './terminal.ts';

export interface SubscribeOptions extends TargetOptions {
  url?: string;
  to?: string;
  events?: string[];
  dialect?: string;
  phoneNumberId?: string[];
  description?: string;
  ordered?: boolean;
  bufferSeconds?: number;
  bufferMax?: number;
}

export interface DeliveriesOptions extends TargetOptions {
  subscription?: string;
  status?: string;
  event?: string;
  after?: string;
  before?: string;
  limit: number;
}

const PATH = '/v1/webhook_subscriptions';
const DELIVERIES = '/v1/webhook_deliveries';
const TEST_WAIT_MS = 15_000;
const POLL_MS = 200;
const REASON_CHARACTERS = 100;

export async function listWebhooks(terminal: Terminal, options: TargetOptions): Promise<void> {
  const all = await callList(await targetOf(options), PATH);
  const rows = all.map((one) => [
    wordOf(one['id']),
    shownState(one),
    wordOf(one['dialect']),
    one['url'] === null ? `(${wordOf(one['description'])})` : wordOf(one['url']),
    textsOf(one['events']).join(' '),
  ]);
  terminal.result({ data: all }, () =>
    all.length === 0
      ? 'There are no webhooks yet: kurir webhooks create --to https://example.com/hook --events message.received'
      : table(terminal.style, ['ID', 'STATUS', 'DIALECT', 'TO', 'EVENTS'], rows),
  );
}

export async function createWebhook(terminal: Terminal, options: SubscribeOptions): Promise<void> {
  const made = await call(await targetOf(options), PATH, { body: bodyOf(options) });
  terminal.result(
    made,
    () =>
      `${wordOf(made['initial_secret'])}\n\nKeep it: it cannot be shown again; what is told is signed with it. ` +
      `${wordOf(made['id'])} tells ${wordOf(made['url'])} of ${textsOf(made['events']).join(', ')}.\n` +
      `Next: kurir webhooks test ${wordOf(made['id'])}`,
  );
}

export async function updateWebhook(
  terminal: Terminal,
  id: string,
  options: SubscribeOptions,
): Promise<void> {
  const body = bodyOf(options);
  if (Object.keys(body).length === 0)
    throw usage(
      'Say what to change: --to, --events, --dialect, --phone-number-id, --description, --ordered.',
    );
  const changed = await call(await targetOf(options), `${PATH}/${id}`, { method: 'PATCH', body });
  terminal.result(changed, () => `${id} is changed: ${Object.keys(body).join(', ')}.`);
}

export async function turnWebhook(
  terminal: Terminal,
  { id, status }: { id: string; status: 'active' | 'paused' },
  options: TargetOptions,
): Promise<void> {
  const request = { method: 'PATCH', body: { status } } as const;
  const changed = await call(await targetOf(options), `${PATH}/${id}`, request);
  terminal.result(changed, () =>
    status === 'paused'
      ? `${id} is paused. What happens is kept for it, and goes out with: kurir webhooks resume ${id}`
      : `${id} is on. What was kept for it goes out now: kurir webhooks deliveries --subscription ${id}`,
  );
}

export async function deleteWebhook(terminal: Terminal, id: string, options: TargetOptions): Promise<void> {
  const gone = await call(await targetOf(options), `${PATH}/${id}`, { method: 'DELETE' });
  terminal.result(gone, () => `${id} is deleted, with its secrets. What waited for it goes to nobody.`);
}

export async function rotateWebhook(
  terminal: Terminal,
  id: string,
  options: TargetOptions & { overlapHours?: number },
): Promise<void> {
  const { overlapHours } = options;
  const body: JsonObject = overlapHours === undefined ? {} : { expires_in_hours: overlapHours };
  const target = await targetOf(options);
  const { dialect } = await call(target, `${PATH}/${id}`);
  const made = await call(target, `${PATH}/${id}/secrets`, { body });
  const until = shownTime(new Date(wordOf(made['earlier_expire_at'])));
  terminal.result(
    made,
    () =>
      `${wordOf(made['secret'])}\n\nKeep it: it cannot be shown again. ` +
      saidOfEarlier({ id, until, isOver: overlapHours === 0, dialect: wordOf(dialect) }),
  );
}

// The headers of kapso and meta have room for one signature.
function saidOfEarlier(about: { id: string; until: string; isOver: boolean; dialect: string }): string {
  const { id, until, isOver, dialect } = about;
  if (isOver) return `The earlier secrets have ended: give the new one to ${id}’s receiver now.`;
  return ['kapso', 'meta'].includes(dialect)
    ? `In ${dialect} there is one signature: it is the earlier secret’s until ${until}, then the new one’s. Have ${id}’s receiver take either before that.`
    : `The earlier secrets go on signing beside it until ${until}: give the new one to ${id}’s receiver before that.`;
}

/** Sends a test event and waits for what its endpoint says; returns the exit code. */
export async function testWebhook(terminal: Terminal, id: string, options: TargetOptions): Promise<number> {
  const target = await targetOf(options);
  const event = await call(target, `${PATH}/${id}/test`, { method: 'POST' });
  const delivery = await terminal.wait('Waiting for its answer ...', triedDelivery(target, id, event));
  const tried = delivery && isObject(delivery['last_try']) ? delivery['last_try'] : undefined;
  if (!delivery || !tried)
    throw new CommandError({
      exitCode: EXIT.timeout,
      code: 'timeout',
      message: `The test event waits: ${id} is paused or off, or nobody listens. Look at: kurir webhooks deliveries --subscription ${id}`,
    });
  const ok = delivery['status'] === 'succeeded';
  terminal.result(delivery, () =>
    ok
      ? `${terminal.style.green('✓')} ${shownTry(tried)}`
      : `${terminal.style.red('✗')} ${shownTry(tried)}\n  Look at: kurir webhooks deliveries --subscription ${id}`,
  );
  return ok ? EXIT.ok : EXIT.upstream;
}

async function triedDelivery(target: Target, id: string, event: JsonObject): Promise<JsonObject | undefined> {
  const until = systemClock.monotonic() + TEST_WAIT_MS;
  for (;;) {
    const query = new URLSearchParams({ subscription_id: id, event_type: 'webhook.test' });
    const all = await callList(target, `${DELIVERIES}?${query.toString()}`);
    const found = all.find((one) => one['event_id'] === event['id']);
    if (found && found['last_try'] !== null) return found;
    if (systemClock.monotonic() > until) return undefined;
    await pause(POLL_MS);
  }
}

export async function listDeliveriesCommand(terminal: Terminal, options: DeliveriesOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit), ...filterOf(options) });
  if (options.status !== undefined) query.set('status', options.status);
  const all = await callList(await targetOf(options), `${DELIVERIES}?${query.toString()}`);
  const rows = all.map((one) => [
    wordOf(one['id']),
    shownTime(new Date(wordOf(one['created_at']))),
    wordOf(one['event_type']),
    wordOf(one['subscription_id']),
    wordOf(one['status']),
    countOf(one['attempts']),
    isObject(one['last_try']) ? shownTry(one['last_try']) : '-',
  ]);
  terminal.result({ data: all }, () =>
    all.length === 0
      ? 'There are no such deliveries. A test event makes one: kurir webhooks test <id>'
      : table(terminal.style, ['ID', 'CREATED', 'EVENT', 'WEBHOOK', 'STATUS', 'TRIES', 'LAST'], rows),
  );
}

/** One delivery by its id, or the dead ones of a subscription. */
export async function replayCommand(
  terminal: Terminal,
  id: string | undefined,
  options: Omit<DeliveriesOptions, 'limit' | 'status'>,
): Promise<void> {
  const { subscription } = options;
  if ((id === undefined) === (subscription === undefined))
    throw usage('Name one delivery, or with --subscription <id> all dead ones of a webhook.');
  const target = await targetOf(options);
  if (id !== undefined) {
    const made = await call(target, `${DELIVERIES}/${id}/replay`, { method: 'POST' });
    return terminal.result(made, () => `${id} is sent again, as ${wordOf(made['id'])}.`);
  }
  const done = await call(target, `${DELIVERIES}/bulk_replay`, { body: filterOf(options) });
  terminal.result(done, () => {
    const count = countOf(done['enqueued']);
    return done['capped'] === true
      ? `${count} are sent again. There are more: repeat the command when these are through.`
      : `${count} are sent again.`;
  });
}

function bodyOf(options: SubscribeOptions): JsonObject {
  const { to, events, dialect, phoneNumberId, description, ordered, bufferSeconds, bufferMax } = options;
  const buffer = { seconds: bufferSeconds, max: bufferMax };
  const given: Record<string, Json | undefined> = {
    url: to,
    events: events && listOf(events),
    dialect,
    phone_number_ids: phoneNumberId && listOf(phoneNumberId),
    description,
    ordered,
    buffer: bufferSeconds === undefined ? undefined : defined(buffer),
  };
  return defined(given);
}

function filterOf(options: Omit<DeliveriesOptions, 'limit' | 'status'>): Record<string, string> {
  const { subscription, event, after, before } = options;
  return {
    ...(subscription === undefined ? {} : { subscription_id: subscription }),
    ...(event === undefined ? {} : { event_type: event }),
    ...(after === undefined ? {} : { created_after: instantFrom('--after', after).toISOString() }),
    ...(before === undefined ? {} : { created_before: instantFrom('--before', before).toISOString() }),
  };
}

function defined(members: Record<string, Json | undefined>): JsonObject {
  const all: JsonObject = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) all[name] = value;
  return all;
}

/** Words, given one by one or with commas. */
export function listOf(given: readonly string[]): string[] {
  return given.flatMap((one) => one.split(',')).filter((one) => one !== '');
}

function shownState(one: JsonObject): string {
  const reason = wordOf(one['status_reason']);
  return wordOf(one['status']) + (reason === '' ? '' : ` (${visible(reason, REASON_CHARACTERS)})`);
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(wordOf) : [];
}

function countOf(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : '-';
}

function shownTry(tried: JsonObject): string {
  const { status, error, detail, ms } = tried;
  const said = [typeof status === 'number' ? `HTTP ${status}` : wordOf(error), wordOf(detail)];
  return `${visible(said.filter((one) => one !== '').join(': '))}, ${countOf(ms)} ms`;
}
