// The other fields of Meta's webhooks: what Kurir itself keeps of some, and each passed on.
import type { Context } from '../context.ts';
import { metByWriting } from '../conversations/keep-outbound.ts';
import { eventsOfMet } from '../conversations/tell-met.ts';
import { keepElsewhere } from '../messages/keep-elsewhere.ts';
import { instantMs } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { noteOf, noteOnNumbers } from '../organisations/number-notes.ts';
import { applyBook } from './apply-book.ts';
import { applyEchoes, isEchoField, type FieldParts } from './apply-echoes.ts';
import type { PassedOn, PassOn } from './pass-on.ts';
import { readHistory } from './read-history.ts';

type About = Omit<PassedOn, 'reason'>;

export function applyField(ctx: Context, parts: FieldParts, about: About): Promise<void> {
  const { change, number } = about;
  const { field } = change;
  if (number && isEchoField(field)) return applyEchoes(ctx, parts, { ...about, number, field });
  const what = { ...about, reason: 'a field that nobody hears of' };
  if (number && field === 'history') return applyHistory(ctx, parts, { ...what, number });
  if (number && field === 'smb_app_state_sync') return applyBook(ctx, parts, { ...what, number });
  const name = noteOf(change);
  return name === undefined ? parts.passing.passOn(what) : note(ctx, parts.passing, { what, name });
}

async function applyHistory(
  ctx: Context,
  parts: FieldParts,
  what: PassedOn & { number: BusinessNumber },
): Promise<void> {
  const now = ctx.clock.now();
  const { messages, isAll } = readHistory(what.change.value, { number: what.number, now });
  await parts.passing.doAndPassOn(what, async (tx) => {
    const { isNews, made } = await keepElsewhere(tx, messages, now);
    const met = made.map((one) => metByWriting(one, 'phone_app'));
    // All of it told before: nobody hears of it again.
    return { isNews: isNews || !isAll, isKept: isAll, events: await eventsOfMet(ctx, parts, { tx, met }) };
  });
  // Whether there were media is not worth telling apart: it looks, and finds nothing.
  parts.fetcher.wake();
}

function note(
  ctx: Context,
  passing: PassOn,
  { what, name }: { what: PassedOn; name: string },
): Promise<void> {
  const { change, numbers } = what;
  const said = { name, ...change, at: instantMs(change.time) ?? ctx.clock.now() };
  return passing.doAndPassOn(what, async (tx) => {
    await noteOnNumbers(tx, numbers, said);
    return { isNews: true, isKept: false };
  });
}
