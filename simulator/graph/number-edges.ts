// Business numbers: the node, the list of a WABA, their registration, and the callback of their own.
import { word } from '../json-parts.ts';
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts';
import type { BusinessNumber } from '../fact.ts';
import { record, type Simulation } from '../simulation.ts';
import { changeCallback } from './change-callback.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { pickFields, type Node } from './fields.ts';
import { schemaFault } from './graph-error.ts';
import { pageOf } from './paging.ts';

const DEFAULT_FIELDS = [
  'verified_name',
  'code_verification_status',
  'display_phone_number',
  'quality_rating',
  'platform_type',
  'throughput',
  'last_onboarded_time',
  'webhook_configuration',
  'id',
];

const NODE_TYPE = 'WhatsAppBusinessPhoneNumber';
const HIGH_PER_SECOND = 1000;

export function getNumber(sim: Simulation, number: BusinessNumber, call: GraphCall): Answer {
  const json = pickFields(nodeOf(sim, number), call.query, { defaults: DEFAULT_FIELDS, nodeType: NODE_TYPE });
  return { status: 200, json };
}

export function listNumbers(sim: Simulation, wabaId: string, call: GraphCall): Answer {
  const numbers = [...sim.world.numbers.values()].filter((one) => one.wabaId === wabaId);
  const json = pageOf(call, numbers, (number) =>
    pickFields(nodeOf(sim, number), call.query, { defaults: DEFAULT_FIELDS, nodeType: NODE_TYPE }),
  );
  return { status: 200, json };
}

/** `webhook_configuration` sets or removes the number's own callback; `pin` is taken and forgotten. */
export async function changeNumber(
  sim: Simulation,
  number: BusinessNumber,
  fields: JsonObject,
): Promise<Answer> {
  const configuration = fields['webhook_configuration'];
  if (configuration !== undefined) {
    const callback = await changeCallback(sim, objectIn(configuration));
    record(sim, { fact: 'number', at: sim.clock.now(), number: { ...number, callback } });
  } else if (fields['pin'] === undefined) throw schemaFault('Invalid parameter');
  return { status: 200, json: { success: true } };
}

export function registerNumber(sim: Simulation, number: BusinessNumber, fields: JsonObject): Answer {
  if (fields['messaging_product'] !== 'whatsapp')
    throw schemaFault('The parameter messaging_product is required.');
  if (fields['pin'] === undefined) throw schemaFault('The parameter pin is required.');
  if (!/^\d{6}$/.test(word(fields['pin']))) throw schemaFault('Param pin must be 6 characters long.');
  return setRegistered(sim, number, true);
}

export function deregisterNumber(sim: Simulation, number: BusinessNumber): Answer {
  return setRegistered(sim, number, false);
}

function setRegistered(sim: Simulation, number: BusinessNumber, registered: boolean): Answer {
  record(sim, { fact: 'number', at: sim.clock.now(), number: { ...number, registered } });
  return { status: 200, json: { success: true } };
}

function nodeOf(sim: Simulation, number: BusinessNumber): Node {
  const waba = sim.world.wabas.get(number.wabaId);
  const perSecond = number.throughputPerSecond ?? sim.settings.throughputPerSecond;
  return {
    id: () => number.phoneNumberId,
    verified_name: () => number.verifiedName,
    code_verification_status: () => 'VERIFIED',
    display_phone_number: () => number.display,
    quality_rating: () => number.quality,
    quality_score: () => ({ score: number.quality }),
    platform_type: () => 'CLOUD_API',
    throughput: () => ({ level: perSecond === null || perSecond >= HIGH_PER_SECOND ? 'HIGH' : 'STANDARD' }),
    last_onboarded_time: () => '2026-01-15T08:00:00+0000',
    webhook_configuration: () =>
      configurationOf([
        ['phone_number', number.callback?.url],
        ['whatsapp_business_account', waba?.callback?.url],
        ['application', sim.world.appCallback?.url],
      ]),
    status: () => (number.registered ? 'CONNECTED' : 'DISCONNECTED'),
    account_mode: () => (number.allowedRecipients ? 'SANDBOX' : 'LIVE'),
    name_status: () => 'APPROVED',
    new_name_status: () => 'NONE',
    is_pin_enabled: () => true,
    is_official_business_account: () => false,
    is_on_biz_app: () => false,
    messaging_limit_tier: () => 'TIER_1K',
    whatsapp_business_manager_messaging_limit: () => 'TIER_2K',
    certificate: () => undefined,
    username: () => undefined,
    search_visibility: () => 'NON_VISIBLE',
    health_status: () => health(number),
  };
}

function configurationOf(urls: [string, string | undefined][]): Json {
  return Object.fromEntries(urls.flatMap(([name, url]) => (url === undefined ? [] : [[name, url]])));
}

function health(number: BusinessNumber): Json {
  const can_send_message = number.registered ? 'AVAILABLE' : 'BLOCKED';
  return {
    can_send_message,
    entities: [
      { entity_type: 'PHONE_NUMBER', id: number.phoneNumberId, can_send_message },
      { entity_type: 'WABA', id: number.wabaId, can_send_message: 'AVAILABLE' },
    ],
  };
}

// Forms carry it as a JSON text.
function objectIn(value: Json): JsonObject {
  if (isObject(value)) return value;
  try {
    const parsed: unknown = JSON.parse(word(value));
    if (isObject(parsed)) return parsed;
  } catch {
    // Told below, as for any other value that is no object.
  }
  throw schemaFault('Param webhook_configuration must be a JSON object.');
}
