// Hints: what a node tells the others by NOTIFY so that they need not wait until they look by themselves. A hint names ids and says
// nothing more; the truth stands in the tables. NOTIFY commits take one lock of the whole server, so hints never ride in a hot statement:
// they are collected and sent in one statement of their own, and only while other nodes live.
import { levelOf } from '../storage/db.ts';
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import { listen, type Listener } from '../storage/listen.ts';
import { readChannel, sendHints } from './lane-store.ts';
import type { TooMuch } from './lanes.ts';

export interface Hints {
  /** A message was queued in a lane that is not ours. */
  queued(phoneNumberId: string): void;
  /** There is news of a message that nobody waits for here. */
  told(messageId: string): void;
  /** A repeat of a request waits here for news of a message. */
  asked(messageId: string): void;
  /** Meta told us that too much is sent, perhaps in lanes that are not ours. */
  slow(told: TooMuch): void;
  /** Lanes were left: they may be taken. */
  left(): void;
  /** A webhook subscription changed. */
  subscribed(): void;
  /** Sends what is collected; for a node that stops. */
  flush(): Promise<void>;
  /** Begins to listen at this address of the database. */
  listen(url: string, on: HintEvents): void;
  stop(): Promise<void>;
}

export interface HintEvents {
  onQueued: (phoneNumberIds: string[]) => void;
  onTold: (messageIds: string[]) => void;
  onAsked: (messageIds: string[]) => void;
  onSlow: (told: TooMuch) => void;
  onLeft: () => void;
  onSubscribed: () => void;
  /** Hints may have been missed. */
  onListening: () => void;
}

const WORDS = ['queued', 'told', 'asked', 'slow', 'left', 'subscribed'] as const;
type Word = (typeof WORDS)[number];

/** Between two sendings. */
const TOGETHER_MS = 5;
/** PostgreSQL takes payloads below 8000 bytes. */
const PAYLOAD_MAX = 7_900;

export function createHints(ctx: Context, hasNeighbours: () => boolean): Hints {
  const collected = new Map<Word, Set<string>>(WORDS.map((word) => [word, new Set()]));
  let sentAt = -Infinity;
  let timer: Timer | undefined;
  let sending: Promise<void> = Promise.resolve();
  let channel: string | undefined;
  let listener: Listener | undefined;
  let stopped = false;

  function collect(word: Word, id: string): void {
    if (stopped || !hasNeighbours()) return;
    collected.get(word)?.add(id);
    const waitMs = Math.max(0, sentAt + TOGETHER_MS - ctx.clock.monotonic());
    timer ??= ctx.clock.after(waitMs, () => void flush());
  }

  function flush(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    return (sending = sending.then(send));
  }

  async function send(): Promise<void> {
    const payloads = [...collected].flatMap(([word, ids]) => payloadsOf(word, [...ids]));
    for (const ids of collected.values()) ids.clear();
    if (payloads.length === 0) return;
    sentAt = ctx.clock.monotonic();
    try {
      channel ??= await readChannel(ctx.db);
      await sendHints(ctx.db, channel, payloads);
    } catch (error) {
      ctx.log.debug({ err: error }, 'hints were not sent; the other nodes look by themselves');
    }
  }

  async function begin(url: string, on: HintEvents): Promise<void> {
    channel ??= await readChannel(ctx.db);
    if (stopped) return;
    listener = listen(ctx, {
      url,
      channel,
      onHeard: (payload) => hear(payload, on),
      onListening: on.onListening,
    });
  }

  return {
    queued: (phoneNumberId) => collect('queued', phoneNumberId),
    told: (messageId) => collect('told', messageId),
    asked: (messageId) => collect('asked', messageId),
    slow: (told) => collect('slow', writeTooMuch(told)),
    left: () => collect('left', ''),
    subscribed: () => collect('subscribed', ''),
    flush,
    listen(url, on) {
      begin(url, on).catch((error: unknown) =>
        ctx.log[levelOf(error)](
          { err: error },
          'hints of other nodes are not heard; this node looks by itself',
        ),
      );
    },
    async stop() {
      stopped = true;
      await flush();
      await listener?.stop();
    },
  };
}

/** A word and its ids, in as many payloads as it takes. */
export function payloadsOf(word: string, ids: readonly string[]): string[] {
  const payloads: string[] = [];
  let payload = word;
  for (const id of ids) {
    if (payload.length + 1 + id.length > PAYLOAD_MAX) {
      payloads.push(payload);
      payload = word;
    }
    payload += ` ${id}`;
  }
  if (ids.length > 0) payloads.push(payload);
  return payloads;
}

function hear(payload: string, on: HintEvents): void {
  const [word, ...ids] = payload.split(' ');
  if (word === 'queued') on.onQueued(ids);
  else if (word === 'told') on.onTold(ids);
  else if (word === 'asked') on.onAsked(ids);
  else if (word === 'left') on.onLeft();
  else if (word === 'subscribed') on.onSubscribed();
  else if (word === 'slow') for (const told of ids) on.onSlow(readTooMuch(told));
}

// A recipient is whatever a caller named: no space of it may end the word.
function writeTooMuch({ phoneNumberId, code, conversation }: TooMuch): string {
  return `${phoneNumberId}/${code}/${encodeURIComponent(conversation)}`;
}

function readTooMuch(told: string): TooMuch {
  const [phoneNumberId = '', code, conversation = ''] = told.split('/');
  return { phoneNumberId, code: Number(code), conversation: decodeURIComponent(conversation) };
}
