// One try of a delivery, for the tests of signatures.
import type { Rendered, Signing } from '../../../src/webhooks/telling.ts';

export const SECRETS = ['newer', 'older'].map(
  (name) => `whsec_${Buffer.from(name.padEnd(32, '.')).toString('base64')}`,
);

export function signing(rendered: Rendered, more: Partial<Signing> = {}): Signing {
  const { body, name, subject, source } = rendered;
  return {
    body,
    name,
    subject,
    source,
    eventId: 'evt_0000000000000000000000000F',
    deliveryId: 'wbd_01KQ0000000000000000000000',
    attempt: 1,
    now: Date.now(),
    secrets: SECRETS,
    batch: null,
    ...more,
  };
}
