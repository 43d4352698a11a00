// What subscribers are told, in Meta's words: the value of a `messages` change for a status or for a customer's message,
// with the key orders that captures show.
import type { JsonObject } from '../src/kernel/json.ts';
import { WEBHOOK_HREF, titleOf, detailsOf } from './error-codes.ts';
import type { BusinessNumber, Phone, Template } from './fact.ts';
import { phoneOf } from './phones.ts';
import type { Update } from './envelope.ts';
import { digits } from './ids.ts';
import type { Simulation } from './simulation.ts';
import type { Inbound, Outbound, StatusChange } from './world.ts';

/** The webhook of one status of a message; null when nobody is to be told. */
export function statusUpdate(sim: Simulation, message: Outbound, index: number): Update | null {
  const change = message.history[index];
  if (!change) return null;
  const phone = phoneOf(sim, message.fact.phone);
  const value = (number: BusinessNumber): JsonObject => statusValue(number, phone, { message, change });
  return update(sim, message.fact.number, {
    id: `${message.fact.wamid}#${index}`,
    stream: message.fact.wamid,
    value,
  });
}

/** The webhook of a customer's word on marketing messages. */
export function preferenceUpdate(sim: Simulation, numberId: string, customer: Phone): Update | null {
  const at = Math.floor(sim.clock.now() / 1000);
  const value = customer.optedOut ? 'stop' : 'resume';
  const preference = {
    ...(customer.usernameUser ? {} : { wa_id: customer.phone }),
    ...(customer.hidesUserId ? {} : { user_id: customer.userId }),
    detail: `User requested to ${value} marketing messages`,
    category: 'marketing_messages',
    value,
    timestamp: at,
  };
  return update(sim, numberId, {
    id: `preference-${customer.phone}-${at}`,
    stream: customer.phone,
    field: 'user_preferences',
    value: (number) => ({
      messaging_product: 'whatsapp',
      metadata: metadata(number),
      contacts: [contact(customer, true)],
      user_preferences: [preference],
    }),
  });
}

/** The webhook of a customer's message. */
export function inboundUpdate(sim: Simulation, message: Inbound): Update | null {
  const { fact } = message;
  const phone = phoneOf(sim, fact.phone);
  const value = (number: BusinessNumber): JsonObject => ({
    messaging_product: 'whatsapp',
    metadata: metadata(number),
    // What WhatsApp itself says comes without them.
    ...(fact.type === 'system' ? {} : { contacts: [contact(phone, true)] }),
    messages: [fact.message],
    ...(fact.errors ? { errors: fact.errors } : {}),
  });
  return update(sim, fact.number, { id: fact.wamid, stream: fact.phone, value });
}

/** The webhook of a decision about a template. */
export function templateStatusUpdate(sim: Simulation, template: Template, reason: string): Update | null {
  return accountUpdate(sim, template.wabaId, {
    field: 'message_template_status_update',
    value: {
      event: template.status,
      message_template_id: Number(template.id),
      message_template_name: template.name,
      message_template_language: template.language,
      reason,
      message_template_category: template.category,
    },
  });
}

interface FieldTold {
  field: string;
  value: JsonObject;
}

/** The webhook of a field about one number's traffic. */
export function numberUpdate(
  sim: Simulation,
  { phoneNumberId }: BusinessNumber,
  { field, value }: FieldTold,
): Update | null {
  const id = `${field}-${digits(12, sim.random)}`;
  return update(sim, phoneNumberId, {
    id,
    stream: id,
    field,
    value: (number) => ({ messaging_product: 'whatsapp', metadata: metadata(number), ...value }),
  });
}

/** The webhook of a field about an account: without metadata, with the time of its entry. Only the app's own callback gets it. */
export function accountUpdate(sim: Simulation, entryId: string, { field, value }: FieldTold): Update | null {
  const waba = sim.world.wabas.get(entryId);
  const callback = sim.world.appCallback;
  if (waba?.subscribed === false || !callback) return null;
  const id = `${field}-${digits(12, sim.random)}`;
  const time = Math.floor(sim.clock.now() / 1000);
  return { id, stream: id, url: callback.url, wabaId: entryId, time, field, value: () => ({ ...value }) };
}

interface Told {
  message: Outbound;
  change: StatusChange;
}

interface Parts {
  id: string;
  stream: string;
  field?: string;
  value: (number: BusinessNumber) => JsonObject;
}

// Meta's choice of a callback: the number's own, else the WABA's, else the app's; none when the WABA is not subscribed.
function update(sim: Simulation, numberId: string, parts: Parts): Update | null {
  const number = sim.world.numbers.get(numberId);
  const waba = number && sim.world.wabas.get(number.wabaId);
  if (!number || !waba?.subscribed) return null;
  const callback = number.callback ?? waba.callback ?? sim.world.appCallback;
  if (!callback) return null;
  const { id, stream, value, field = 'messages' } = parts;
  return { id, stream, value: () => value(number), wabaId: waba.id, field, url: callback.url };
}

function statusValue(number: BusinessNumber, phone: Phone, { message, change }: Told): JsonObject {
  const value: JsonObject = { messaging_product: 'whatsapp', metadata: metadata(number) };
  const toGroup = message.fact.group === true;
  if (change.status !== 'failed' && !toGroup) value['contacts'] = [contact(phone, change.status !== 'sent')];
  value['statuses'] = [status(message, phone, change)];
  return value;
}

function status(message: Outbound, phone: Phone, change: StatusChange): JsonObject {
  const { fact } = message;
  const out: JsonObject = { id: fact.wamid, status: change.status, timestamp: seconds(change.at) };
  if (!phone.usernameUser) out['recipient_id'] = phone.phone;
  if (fact.group) out['recipient_type'] = 'group';
  else if (!phone.hidesUserId) out['recipient_user_id'] = phone.userId;
  if (!fact.group && phone.parentUserId !== undefined) out['parent_recipient_user_id'] = phone.parentUserId;
  if (fact.token !== undefined) out['biz_opaque_callback_data'] = fact.token;
  if (change.status === 'failed') out['errors'] = [webhookError(change.code ?? 131000)];
  else if (change.status === 'sent' || change.status === 'delivered') out['pricing'] = pricing(fact.category);
  return out;
}

function pricing(category: string | undefined): JsonObject {
  if (category === undefined) {
    return { billable: false, pricing_model: 'PMP', category: 'service', type: 'free_customer_service' };
  }
  return { billable: true, pricing_model: 'PMP', category: category.toLowerCase(), type: 'regular' };
}

function webhookError(code: number): JsonObject {
  const title = titleOf(code);
  return { code, title, message: title, error_data: { details: detailsOf(code) }, href: WEBHOOK_HREF };
}

function contact(phone: Phone, withUsername: boolean): JsonObject {
  const profile: JsonObject = { name: phone.name };
  const username = usernameOf(phone);
  if (username !== undefined && withUsername) profile['username'] = username;
  const out: JsonObject = { profile };
  if (!phone.usernameUser) out['wa_id'] = phone.phone;
  if (!phone.hidesUserId) out['user_id'] = phone.userId;
  if (phone.parentUserId !== undefined) out['parent_user_id'] = phone.parentUserId;
  return out;
}

/** As the customer chose it; who shows no number has one in any case. */
export function usernameOf({ username, usernameUser, name }: Phone): string | undefined {
  if (username !== undefined || !usernameUser) return username;
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
}

function metadata(number: BusinessNumber): JsonObject {
  return { display_phone_number: number.digits, phone_number_id: number.phoneNumberId };
}

export function seconds(at: number): string {
  return String(Math.floor(at / 1000));
}
