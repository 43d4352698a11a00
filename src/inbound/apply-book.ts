// The address book of the business's phone app (`smb_app_state_sync`): read leniently, kept, and passed on.
import type { Context } from '../context.ts';
import { keepBook, type BookEntry } from '../conversations/keep-book.ts';
import { eventsOfMet } from '../conversations/tell-met.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { phoneDigits } from '../kernel/phone-number.ts';
import { instantMs, objects, others, text } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { FieldParts } from './apply-echoes.ts';
import type { PassedOn } from './pass-on.ts';

export async function applyBook(
  ctx: Context,
  parts: FieldParts,
  what: PassedOn & { number: BusinessNumber },
): Promise<void> {
  const now = ctx.clock.now();
  const said = what.change.value['state_sync'];
  const read = objects(said).map((one) => entryOf(one, now));
  const entries = read.flatMap((one) => one ?? []);
  if (entries.length === 0) return parts.passing.passOn(what);
  const isAll = entries.length === read.length && others(said).length === 0;
  await parts.passing.doAndPassOn(what, async (tx) => {
    const met = await keepBook(tx, what.number, { entries, now });
    return { isNews: true, isKept: isAll, events: await eventsOfMet(ctx, parts, { tx, met }) };
  });
}

/** Undefined for what is no contact, or is done with it that Kurir does not know. */
function entryOf(one: JsonObject, now: number): BookEntry | undefined {
  const { type, action, contact, metadata } = one;
  if (type !== 'contact' || !isObject(contact)) return undefined;
  const phone = phoneDigits(text(contact['phone_number']) ?? '');
  if (phone === null) return undefined;
  const told = isObject(metadata) ? instantMs(metadata['timestamp']) : undefined;
  const at = Math.min(told ?? now, now);
  if (action === 'remove') return { phone, name: null, at };
  const name = (text(contact['full_name'])?.trim() || text(contact['first_name'])?.trim())?.slice(0, 500);
  return action === 'add' && name ? { phone, name, at } : undefined;
}
