// Echoes: what the business wrote in WhatsApp's own app, or another application on the number. They become messages like those that
// went through Kurir, and are told once.
import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import { metByWriting } from '../conversations/keep-outbound.ts';
import { eventsOfMet, type MetParts } from '../conversations/tell-met.ts';
import { toEventNumber, type EchoField } from '../events/event.ts';
import type { Fetcher } from '../media/fetcher.ts';
import { objects, others } from '../meta/webhook-envelope.ts';
import { keepElsewhere } from '../messages/keep-elsewhere.ts';
import { eventsOfEchoes } from '../messages/tell-echoes.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { PassedOn, PassOn } from './pass-on.ts';
import { readElsewhere } from './read-elsewhere.ts';

/** What the other fields are handed. */
export interface FieldParts extends MetParts {
  passing: PassOn;
  fetcher: Pick<Fetcher, 'wake'>;
}

const ECHO_FIELDS: readonly string[] = ['smb_message_echoes', 'message_echoes'] satisfies EchoField[];

export function isEchoField(field: string): field is EchoField {
  return ECHO_FIELDS.includes(field);
}

export async function applyEchoes(
  ctx: Context,
  parts: FieldParts,
  about: Omit<PassedOn, 'reason'> & { number: BusinessNumber; field: EchoField },
): Promise<void> {
  const { number, change, field } = about;
  const contacts = objects(change.value['contacts']);
  const now = ctx.clock.now();
  const read = objects(change.value['message_echoes']).map((message) => ({
    message,
    row: readElsewhere(message, { number, source: 'app', now }),
  }));
  const messages = read.flatMap(({ row }) => row ?? []);
  const hasMedia = await writeAndTell({ db: ctx.db, teller: parts.teller }, async (tx) => {
    const kept = await keepElsewhere(tx, messages, now);
    const from = { organisationId: number.organisationId, number: toEventNumber(number), field, contacts };
    const echoes = kept.fresh.map(({ id, wamid, message }) => ({ ...from, id, wamid, message }));
    const met = await eventsOfMet(ctx, parts, {
      tx,
      met: kept.made.map((one) => metByWriting(one, 'phone_app')),
    });
    const events = [...met, ...(await eventsOfEchoes(ctx, tx, echoes))];
    return { result: kept.hasMedia, events };
  });
  if (hasMedia) parts.fetcher.wake();
  const rest = [
    ...read.flatMap(({ message, row }) => (row ? [] : [message])),
    ...others(change.value['message_echoes']),
  ];
  if (rest.length === 0) return;
  const { messaging_product = 'whatsapp', metadata = {} } = change.value;
  const part = { ...change, value: { messaging_product, metadata, message_echoes: rest } };
  await parts.passing.passOn({ ...about, change: part, reason: 'an echo without an id or a recipient' });
}
