// How each fact changes the world. Nothing else may.
import type { Fact, InboundFact, PostedFact, ReadFact, StatusFact, Template } from './fact.ts';
import { magicNumber } from './magic-numbers.ts';
import { addMessage, addNumber, templateKey, windowKey, type Message, type World } from './world.ts';

const TYPING_MS = 25_000;

/** Changes the world by one fact. Facts that only the ledger cares for change nothing. */
export function applyFact(world: World, fact: Fact): void {
  switch (fact.fact) {
    case 'send':
      world.refusedLast.delete(fact.phone);
      return addMessage(world, { direction: 'outbound', seq: world.row.latest + 1, fact, history: [] });
    case 'status':
      return applyStatus(world, fact);
    case 'inbound':
      if (opensWindow(fact)) wrote(world, fact);
      return addMessage(world, { direction: 'inbound', seq: world.row.latest + 1, fact, readAt: null });
    case 'phone':
      world.phones.set(fact.phone.phone, fact.phone);
      world.phoneOfUser.set(fact.phone.userId, fact.phone.phone);
      return;
    case 'readByBusiness':
      return applyReadByBusiness(world, fact);
    case 'waba':
      world.wabas.set(fact.id, { id: fact.id, subscribed: fact.subscribed, callback: fact.callback });
      return;
    case 'number':
      return addNumber(world, fact.number);
    case 'appCallback':
      world.appCallback = fact.callback;
      return;
    case 'media':
      world.media.set(fact.media.id, fact.media);
      return;
    case 'mediaDeleted':
      world.media.delete(fact.id);
      return;
    case 'template':
      return applyTemplate(world, fact.template);
    case 'seeded':
      world.seeded = true;
      return;
    case 'templateDeleted':
      return applyTemplateDeleted(world, fact);
    case 'posted':
      for (const id of fact.updates) applyPosted(world, id, fact);
      return;
    case 'refused':
      if (magicNumber(fact.to)) world.refusedLast.add(fact.to);
      return;
    case 'clock':
      return;
  }
}

// What was not written to the business by the customer, or was not written anew.
const OPENS_NO_WINDOW = new Set(['system', 'edit', 'revoke']);

function opensWindow({ type, message }: InboundFact): boolean {
  return !OPENS_NO_WINDOW.has(type) && message['group_id'] === undefined;
}

// What is told late does not take the window back.
function wrote(world: World, { number, phone, at }: InboundFact): void {
  const key = windowKey(number, phone);
  world.wroteAt.set(key, Math.max(at, world.wroteAt.get(key) ?? at));
}

function applyStatus(world: World, fact: StatusFact): void {
  const message = world.messages.get(fact.wamid);
  if (message?.direction !== 'outbound') return;
  message.history.push(
    fact.code === undefined
      ? { status: fact.status, at: fact.at }
      : { status: fact.status, at: fact.at, code: fact.code },
  );
}

// A receipt covers the message and everything the customer wrote before it.
function applyReadByBusiness(world: World, { wamid, at, typing }: ReadFact): void {
  const message = world.messages.get(wamid);
  if (message?.direction !== 'inbound') return;
  for (const earlier of world.threads.get(message.fact.phone) ?? []) {
    if (earlier.direction === 'inbound' && sameNumber(earlier, message)) earlier.readAt ??= at;
    if (earlier === message) break;
  }
  const phone = world.phones.get(message.fact.phone);
  if (phone && typing) phone.typingUntil = at + TYPING_MS;
}

function sameNumber(one: Message, other: Message): boolean {
  return one.fact.number === other.fact.number;
}

function applyTemplate(world: World, template: Template): void {
  world.templates.set(templateKey(template.wabaId, template.name, template.language), template);
}

function applyTemplateDeleted(
  world: World,
  { wabaId, name, id }: { wabaId: string; name: string; id?: string },
): void {
  for (const [key, template] of world.templates) {
    if (template.wabaId === wabaId && template.name === name && (id === undefined || template.id === id)) {
      world.templates.delete(key);
    }
  }
}

function applyPosted(world: World, id: string, { tries, done, answer }: PostedFact): void {
  const [wamid = '', place] = id.split('#');
  const message = world.messages.get(wamid);
  const told = message?.direction === 'outbound' ? message.history[Number(place)] : message;
  if (!told) return;
  told.tries = tries;
  if (done) told.told = answer === 200 ? 'DELIVERED' : 'FAILED';
}
