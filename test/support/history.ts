// What the histories of the send protocol have in common: a house whose Meta does as it is told, who owns the lane, what has arrived.
import { PHONE_NUMBER_ID, type HouseOptions } from './house.ts';
import { QUIET, type Shown } from './lost-answer.ts';
import type { MetaByHand } from './meta-by-hand.ts';
import { startVirtualHouse, type VirtualHouse, type VirtualNode } from './virtual-house.ts';

export const CUSTOMER = '+12025550120';
export const DIGITS = '12025550120';
export const GRAPH = `/v24.0/${PHONE_NUMBER_ID}/messages`;

/** A house whose Meta does as it is told. */
export function startWith(meta: MetaByHand, options: HouseOptions = {}): Promise<VirtualHouse> {
  return startVirtualHouse({
    ...options,
    simulator: QUIET,
    config: { graphUrl: meta.url, ...options.config },
  });
}

export function textsAt(meta: MetaByHand): unknown[] {
  return meta.calls.map((call) => Object(call.body['text'])['body']);
}

async function owner(house: VirtualHouse): Promise<string | undefined> {
  const [lane] = await house.ctx.db.query<{ owner: string }>('select owner from lanes');
  return lane?.owner;
}

export function isOwnedBy(house: VirtualHouse, node: VirtualNode): Promise<boolean> {
  return owner(house).then((name) => name === node.id);
}

/** The only message with this text, as any node shows it. */
export async function byText(house: Pick<VirtualHouse, 'request'>, text: string): Promise<Shown> {
  const list = await house.request('GET', `/v1/${PHONE_NUMBER_ID}/messages?limit=100`);
  const found = list.body.data.find((one: Shown) => one.content === text);
  return (await house.request('GET', `/v1/messages/${found.id}`)).body.data;
}

/** Time goes on until this is answered. */
export async function turning<Answer>(house: VirtualHouse, asked: Promise<Answer>): Promise<Answer> {
  let over = false;
  void asked.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    house.node.clock.advance(20);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return asked;
}
