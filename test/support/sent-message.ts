// Messages that Meta (by hand) has been called for, and what Meta could tell of them: the ground of tests about statuses.
import type { JsonObject } from '../../src/kernel/json.ts';
import { expectStatus } from './expect-reply.ts';
import { until, type House } from './house.ts';
import type { MetaByHand, MetaCall } from './meta-by-hand.ts';

export interface Sent {
  id: string;
  call: MetaCall;
}

/** What Meta tells of one message, but for whose it is. */
export interface Told {
  status: string;
  timestamp?: string | number;
  /** With our token, as Meta echoes it. */
  echo: boolean;
  pricing?: JsonObject;
  errors?: JsonObject[];
}

export interface Sends {
  /** To a recipient of its own; whether its acceptance is written down already is left open. */
  send: () => Promise<Sent>;
  /** The message as GET shows it. */
  show: (sent: Sent) => Promise<JsonObject>;
  /** Until Meta's answer to each call is written down: from then on a status needs no token of ours. */
  accepted: (...sent: Sent[]) => Promise<void>;
}

export function sendsOf(house: House, meta: MetaByHand): Sends {
  let recipients = 0;
  const show = async (sent: Sent): Promise<JsonObject> => {
    const reply = await house.request('GET', `/v1/messages/${sent.id}`);
    expectStatus(reply, 200);
    return reply.body.data;
  };
  return {
    async send() {
      const to = `1202557${String(recipients++).padStart(4, '0')}`;
      const reply = await house.sendText(to, 'Halo', { prefer: 'respond-async' });
      expectStatus(reply, 200);
      const call = await until('the call', async () => meta.callsTo(to)[0]);
      return { id: reply.body.data.id, call };
    },
    show,
    async accepted(...sent) {
      await until('the acceptance', async () =>
        (await Promise.all(sent.map(show))).every((message) => message['message_id'] !== null),
      );
    },
  };
}

/** One status as Meta words it. */
export function statusOf(sent: Sent, told: Told): JsonObject {
  const { echo, ...rest } = told;
  return {
    id: sent.call.wamid,
    recipient_id: sent.call.to,
    ...rest,
    ...(echo ? { biz_opaque_callback_data: sent.call.token } : {}),
  };
}
