// What tests of unknown outcomes say again and again: a call whose answer is lost, a status of a later message, what is known of a message.
import { protocolTimes } from '../../src/config/protocol-times.ts';
import { until, type House, type Reply } from './house.ts';

/** Meta takes all, and tells statuses only when a test has it tell them. */
export const QUIET = { windowEnforced: false, statusDelaysMs: { sent: 1e12, delivered: 1e12, read: 1e12 } };

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Heartbeats and leases five times as long as usual: silence takes so many fewer steps to pass. */
export const SPARSE = { ...protocolTimes(1 / 5), lookAgainMs: 30 * SECOND };

/** Far from every customer of a test: its statuses are the evidence that Meta's statuses reach us. */
const WITNESS = '+12025550198';

export type Shown = Reply['body']['data'];

export async function show(house: House, id: string): Promise<Shown> {
  return (await house.request('GET', `/v1/messages/${id}`)).body.data;
}

/** Sends without waiting; resolves with our id. */
export async function post(house: Pick<House, 'sendText'>, to: string, text = 'Halo'): Promise<string> {
  const reply = await house.sendText(to, text, { prefer: 'respond-async' });
  if (reply.status !== 200) throw new Error(`The send was answered ${reply.status}: ${reply.text}`);
  return reply.body.data.id;
}

/** A message whose last attempt has this outcome. */
export function comesTo(house: House, id: string, outcome: string): Promise<Shown> {
  return until(`${id} comes to ${outcome}`, async () => {
    const shown = await show(house, id);
    return shown.attempts.at(-1)?.outcome === outcome && shown;
  });
}

export function becomes(house: House, id: string, status: string): Promise<Shown> {
  return until(`${id} is ${status}`, async () => {
    const shown = await show(house, id);
    return shown.status === status && shown;
  });
}

/** Sends, and the answer is lost: Meta has taken it, or not. */
export async function lose(
  house: House,
  lost: { to: string; text?: string; taken: boolean },
): Promise<{ id: string; wamid: string | undefined }> {
  const kind = lost.taken ? ('lost_answer' as const) : ('not_taken' as const);
  house.simulator.control.putFault({ effect: { kind, how: 'reset' }, match: { to: lost.to }, times: 1 });
  const id = await post(house, lost.to, lost.text);
  await comesTo(house, id, 'unknown');
  const [message] = house.simulator.control.messages({ to: lost.to });
  return { id, wamid: message?.id };
}

/** Another message of the number is sent now, and a status of it is heard. */
export async function witness(house: House): Promise<void> {
  const id = await post(house, WITNESS, 'a witness');
  const { message_id: wamid } = await comesTo(house, id, 'accepted');
  house.simulator.control.pushStatus({ message: wamid, status: 'sent' });
  await becomes(house, id, 'sent');
}

/** What Meta took for a customer, as texts in the order of arrival. */
export function atMeta(house: House, to: string): string[] {
  return house.simulator.control
    .messages({ to, direction: 'outbound' })
    .toSorted((a, b) => a.seq - b.seq)
    .map((message) => message.text);
}
