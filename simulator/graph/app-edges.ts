// The app itself: its webhook subscription, and what a token is worth.
import { word } from '../json-parts.ts';
import type { JsonObject } from '../../src/kernel/json.ts';
import { record, type Simulation } from '../simulation.ts';
import { changeCallback } from './change-callback.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { schemaFault } from './graph-error.ts';
import { APP_NAME } from './waba-edges.ts';

const SCOPES = ['whatsapp_business_management', 'whatsapp_business_messaging'];
const OBJECT = 'whatsapp_business_account';

export function debugToken(sim: Simulation, call: GraphCall): Answer {
  const input = call.query.get('input_token');
  if (input === null || input === '') throw schemaFault('The parameter input_token is required.');
  const { appId, appSecret, tokens } = sim.settings;
  if (!tokens.includes(input) && input !== `${appId}|${appSecret}`) {
    const error = { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' };
    return { status: 200, json: { data: { error, is_valid: false, scopes: [] } } };
  }
  const target_ids = [...sim.world.wabas.keys()];
  const data: JsonObject = {
    app_id: appId,
    type: 'SYSTEM_USER',
    application: APP_NAME,
    data_access_expires_at: 0,
    expires_at: 0,
    is_valid: true,
    issued_at: 1_760_000_000,
    scopes: SCOPES,
    granular_scopes: SCOPES.map((scope) => ({ scope, target_ids })),
    user_id: '122100000000000001',
  };
  return { status: 200, json: { data } };
}

export function getSubscriptions(sim: Simulation): Answer {
  const callback = sim.world.appCallback;
  const fields = [{ name: 'messages', version: 'v24.0' }];
  const data = callback ? [{ object: OBJECT, callback_url: callback.url, active: true, fields }] : [];
  return { status: 200, json: { data } };
}

export async function subscribe(sim: Simulation, fields: JsonObject): Promise<Answer> {
  if (fields['object'] !== OBJECT)
    throw schemaFault(
      `Param object must be one of {${OBJECT.toUpperCase()}} - got "${word(fields['object'])}".`,
    );
  if (fields['callback_url'] === undefined) throw schemaFault('The parameter callback_url is required.');
  const callback = await changeCallback(sim, fields);
  record(sim, { fact: 'appCallback', at: sim.clock.now(), callback });
  return { status: 200, json: { success: true } };
}

export function unsubscribe(sim: Simulation): Answer {
  record(sim, { fact: 'appCallback', at: sim.clock.now(), callback: null });
  return { status: 200, json: { success: true } };
}
