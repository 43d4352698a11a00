// The other fields of Meta's webhooks: what Kurir itself keeps of some, and each passed on.
import type { Context } from '../context.ts';
import type { Teller } from '../events/teller.ts';
import { keepElsewhere } from '../messages/keep-elsewhere.ts';
import { instantMs } from '../meta/webhook-envelope.ts';
import { noteOf, noteOnNumbers } from '../organisations/number-notes.ts';
import { applyEchoes, isEchoField } from './apply-echoes.ts';
import type { PassedOn, PassOn } from './pass-on.ts';
import { readHistory } from './read-history.ts';

type About = Omit<PassedOn, 'reason'>;

export function applyField(
  ctx: Context,
  parts: { teller: Teller; passing: PassOn },
  about: About,
): Promise<void> {
  const { change, number } = about;
  const { field } = change;
  if (number && isEchoField(field)) return applyEchoes(ctx, parts, { ...about, number, field });
  const what = { ...about, reason: 'a field that nobody hears of' };
  if (number && field === 'history') {
    const { messages, isAll } = readHistory(change.value, { number, now: ctx.clock.now() });
    return parts.passing.doAndPassOn(what, async (tx) => {
      const { isNews } = await keepElsewhere(tx, messages);
      // All of it told before: nobody hears of it again.
      return { isNews: isNews || !isAll, isKept: isAll };
    });
  }
  const name = noteOf(change);
  return name === undefined ? parts.passing.passOn(what) : note(ctx, parts.passing, { what, name });
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
