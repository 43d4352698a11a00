// The window, where its number asks for it: a free-form message outside of it is refused here and now, because Meta would take it and fail
// it later. By our own record; templates pass, and so does what Meta takes without one (its Direct Send), and groups have no window.
import type { Context } from '../context.ts';
import type { WindowLookUp } from '../conversations/look-up-window.ts';
import { windowIsOpen } from '../conversations/window.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';

/** The refusal, if it is one. */
export async function closedWindow(
  ctx: Context,
  windows: WindowLookUp,
  { number, message }: { number: BusinessNumber; message: OutboundMessage },
): Promise<KurirError | undefined> {
  const needsNone = !message.freeForm || message.recipientType === 'group';
  if (!number.windowCheck || needsNone || message.body['category'] !== undefined) return undefined;
  const { organisationId, phoneNumberId } = number;
  const place = { organisationId, phoneNumberId, conversation: message.conversation };
  const lastInboundAt = await windows.lastInboundAt(place);
  if (windowIsOpen(lastInboundAt, ctx.clock.now())) return undefined;
  const since =
    lastInboundAt === null
      ? 'has never written to this number'
      : `last wrote at ${lastInboundAt.toISOString()}`;
  return new KurirError(
    'outside_24h_window',
    `The customer ${since}: outside of 24 hours only templates may be sent. Nothing was stored; send a template.`,
    { param: 'to' },
  );
}
