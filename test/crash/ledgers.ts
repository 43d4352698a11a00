// The two views that a run's own ledger is compared with: the simulator's, read from its file as it stands on disk, and the gateway's,
// as its API tells it.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import type { Fact, RefusedFact, SendFact, Status } from '../../simulator/fact.ts';

/** One message that Meta took. */
export interface Arrival {
  /** Its place among all that arrived. */
  place: number;
  at: number;
  wamid: string;
  number: string;
  to: string;
  text: string;
  /** Of the gateway, by the token that the send carried. */
  messageId: string;
  attempt: number;
  reply: SendFact['reply'];
  /** The furthest it got. */
  status: Status | 'accepted';
  /** It gets no further, and each of its statuses was told and answered. */
  settled: boolean;
}

/** Something that Meta told. */
export interface Told {
  wamid: string;
  /** The webhook was answered 200. */
  taken: boolean;
}

/** What a customer wrote; by the simulator's clock. */
export interface Written extends Told {
  text: string;
  conversation: string;
  at: number;
  takenAt: number;
}

export interface MetaLedger {
  arrivals: Arrival[];
  /** What customers wrote. */
  written: Written[];
  statuses: (Told & { status: Status })[];
  refused: RefusedFact[];
}

/** A message as the gateway shows it. */
export interface Shown {
  id: string;
  phone_number_id: string;
  to: string;
  content?: string;
  created_at: string;
  status: string;
  message_id: string | null;
  other_message_ids?: string[];
  error?: { code: string; provider_code: number | null };
  status_times: Record<string, string>;
  attempts?: { attempt: number; outcome: string }[];
}

export interface Api {
  url: string;
  apiKey: string;
}

/** How far a message got, forward only. */
export const RANKS: readonly (Status | 'accepted')[] = ['accepted', 'sent', 'failed', 'delivered', 'read'];

/** @param reads whether a phone reads what it gets */
export function readMetaLedger(file: string, reads: (phone: string) => boolean): MetaLedger {
  const arrivals = new Map<string, Arrival>();
  const open = new Set<string>();
  const told = new Map<string, number>();
  const refused: RefusedFact[] = [];
  const written = new Map<string, Written>();
  const statuses = new Map<string, MetaLedger['statuses'][number]>();
  const answered: { updates: string[]; at: number }[] = [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const fact = JSON.parse(line) as Fact;
    if (fact.fact === 'send') arrivals.set(fact.wamid, arrivalOf(fact, arrivals.size));
    else if (fact.fact === 'refused') refused.push(fact);
    else if (fact.fact === 'status') {
      const arrival = arrivals.get(fact.wamid);
      const id = `${fact.wamid}#${told.get(fact.wamid) ?? 0}`;
      told.set(fact.wamid, (told.get(fact.wamid) ?? 0) + 1);
      open.add(id);
      statuses.set(id, { wamid: fact.wamid, status: fact.status, taken: false });
      if (arrival && RANKS.indexOf(fact.status) > RANKS.indexOf(arrival.status)) arrival.status = fact.status;
    } else if (fact.fact === 'inbound') {
      const { text } = fact.message as { text?: { body: string } };
      written.set(fact.wamid, {
        wamid: fact.wamid,
        text: text?.body ?? '',
        conversation: `${fact.number} ${fact.phone}`,
        at: fact.at,
        taken: false,
        takenAt: Infinity,
      });
    } else if (fact.fact === 'posted' && fact.done) {
      for (const id of fact.updates) open.delete(id);
      if (fact.answer === 200) answered.push({ updates: fact.updates, at: fact.at });
    }
  }
  for (const posted of answered)
    for (const id of posted.updates) {
      const [one, status] = [written.get(id), statuses.get(id)];
      if (one) Object.assign(one, { taken: true, takenAt: Math.min(posted.at, one.takenAt) });
      if (status) status.taken = true;
    }
  const waiting = new Set([...open].map((id) => id.slice(0, id.lastIndexOf('#'))));
  for (const arrival of arrivals.values()) {
    const last = reads(arrival.to) ? 'read' : 'delivered';
    arrival.settled = (arrival.status === last || arrival.status === 'failed') && !waiting.has(arrival.wamid);
  }
  return {
    arrivals: [...arrivals.values()],
    written: [...written.values()],
    statuses: [...statuses.values()],
    refused,
  };
}

function arrivalOf(fact: SendFact, place: number): Arrival {
  const [, messageId = '', attempt = ''] = (fact.token ?? '').split('.');
  const { text } = fact.payload as { text?: { body: string } };
  return {
    place,
    at: fact.at,
    wamid: fact.wamid,
    number: fact.number,
    to: fact.phone,
    text: text?.body ?? '',
    messageId,
    attempt: Number(attempt),
    reply: fact.reply,
    status: 'accepted',
    settled: false,
  };
}

/** Every message of the gateway in one direction. */
export async function readShown(api: Api, direction: 'inbound' | 'outbound' = 'outbound'): Promise<Shown[]> {
  const all: Shown[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({
      direction,
      limit: '100',
      ...(cursor === '' ? {} : { cursor }),
    });
    const page = await ask<{ data: Shown[]; next_cursor: string | null }>(
      api,
      `/v1/messages?${query.toString()}`,
    );
    all.push(...page.data);
    cursor = page.next_cursor;
  }
  return all;
}

/** Messages that are not settled, up to a page of each status. */
export async function readUnsettled(api: Api): Promise<Shown[]> {
  const pages = await Promise.all(
    ['queued', 'pending', 'sent'].map((status) =>
      ask<{ data: Shown[] }>(api, `/v1/messages?direction=outbound&limit=100&status=${status}`),
    ),
  );
  return pages.flatMap((page) => page.data);
}

/** One message with the story of its attempts. */
export async function readStory(api: Api, id: string): Promise<Shown> {
  return (await ask<{ data: Shown }>(api, `/v1/messages/${id}`)).data;
}

const BACK_WITHIN_MS = 30_000;

// The last calamity may have been the database's, a moment ago.
async function ask<Answer>(
  { url, apiKey }: Api,
  path: string,
  until = performance.now() + BACK_WITHIN_MS,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
  const text = await response.text();
  if (response.status === 503 && performance.now() < until) {
    await pause(200);
    return ask({ url, apiKey }, path, until);
  }
  if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Answer;
}
