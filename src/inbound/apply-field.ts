// The other fields of Meta's webhooks: what Kurir itself keeps of some, each passed on.
import type { Context } from '../context.ts';
import { noteOf, noteOnNumbers } from '../organisations/number-notes.ts';
import { instantMs } from '../meta/webhook-envelope.ts';
import type { PassedOn, PassOn } from './pass-on.ts';

export async function applyField(
  ctx: Context,
  passing: PassOn,
  about: Omit<PassedOn, 'reason'>,
): Promise<void> {
  const { change, numbers } = about;
  const what = { ...about, reason: 'a field that nobody hears of' };
  const name = noteOf(change);
  if (name === undefined) return passing.passOn(what);
  const { field, value } = change;
  const said = { name, field, value, at: instantMs(change.time) ?? ctx.clock.now() };
  return passing.doAndPassOn(what, async (tx) => {
    await noteOnNumbers(tx, numbers, said);
    return { isNews: true };
  });
}
