// Which conversation a customer's message is in, as the API tells it; and a customer who is known by a user id.
import { expect } from 'vitest';

import { expectStatus } from './expect-reply.ts';
import type { House } from './house.ts';
import { customerWrites } from './meta-webhook.ts';

export async function conversationOf(house: House, wamid: string): Promise<string> {
  const found = await house.request('GET', `/v1/messages?message_id=${encodeURIComponent(wamid)}`);
  expectStatus(found, 200);
  expect(found.body.data).toHaveLength(1);
  expect(found.body.data[0].conversation_id).toMatch(/^cnv_[0-9A-HJKMNP-TV-Z]{26}$/);
  return found.body.data[0].conversation_id;
}

/** A customer with a user id writes; without a phone where it is null. */
export function writesAs(
  house: House,
  who: { phone: string | null; userId: string },
  more: object = {},
): Promise<string> {
  return customerWrites(house, { from: who.phone ?? '', from_user_id: who.userId, ...more });
}
