// A simulator and a receiver that compare what a customer sends byte for byte: the clock stands still, the customer is known, what is
// made up by chance is replaced by a word.
import { expect } from 'vitest';
import type { Sending } from '../control/phones.ts';
import { startSimulator, type Simulator } from '../simulator.ts';
import { isSigned, startReceiver, type Receiver } from './receiver.ts';

export const PHONE = '628111111111';
const USER = 'ID.1111111111111111';
const NOW = '2026-11-20T08:00:00Z';

/** The customer, as each of their messages begins and as they stand beside it. */
export const FROM = '"from":"628111111111","from_user_id":"ID.1111111111111111"';
export const CONTACTS =
  '"contacts":[{"profile":{"name":"Siti"},"wa_id":"628111111111","user_id":"ID.1111111111111111"}],';

export interface InboundHouse extends AsyncDisposable {
  receiver: Receiver;
  simulator: Simulator;
  /** The body of the only webhook that a message makes. */
  bytesOf(asked: Sending, phone?: string): Promise<string>;
}

export async function startInboundHouse(): Promise<InboundHouse> {
  const receiver = await startReceiver();
  const simulator = await startSimulator({ callbackUrl: receiver.url });
  simulator.control.setClock({ mode: 'frozen', now: NOW });
  simulator.control.createPhone({ phone: PHONE, name: 'Siti', user_id: USER });
  return {
    receiver,
    simulator,
    async bytesOf(asked, phone = PHONE) {
      const before = receiver.heard.length;
      simulator.control.send(phone, { id: 'wamid.ME', ...asked });
      await receiver.until(before + 1);
      const heard = receiver.heard.at(-1);
      expect(heard && isSigned(heard)).toBe(true);
      const { body = '' } = heard ?? {};
      expect(body).toMatch(/^[\x20-\x7e]*$/);
      return body
        .replaceAll(/"id":"\d{16}"/g, '"id":"MEDIA"')
        .replaceAll(
          /"url":"http:\\\/\\\/127\.0\.0\.1:\d+\\\/whatsapp_business\\\/attachments\\\/\?mid=\d{16}&source=webhook&ext=1795161900&hash=AR[\w-]+"/g,
          '"url":"URL"',
        );
    },
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** The whole body around what follows the metadata. */
export function envelope(rest: string): string {
  return `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"628511760008029","phone_number_id":"106540352242922"},${rest}},"field":"messages"}]}]}`;
}
