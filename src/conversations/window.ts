// The window: for 24 hours after a customer wrote, any message may go to that customer; outside of it only templates.
const WINDOW_MS = 24 * 3_600_000;

/** When the window of a customer who last wrote then closes, or closed; null where the customer never wrote. */
export function windowEnd(lastInboundAt: Date | null): Date | null {
  return lastInboundAt && new Date(lastInboundAt.getTime() + WINDOW_MS);
}

/** Whether free-form messages might go to a customer who last wrote then, as far as we know. */
export function windowIsOpen(lastInboundAt: Date | null, at: number): boolean {
  return (windowEnd(lastInboundAt)?.getTime() ?? 0) > at;
}
