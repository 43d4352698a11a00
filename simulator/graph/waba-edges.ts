// WhatsApp Business Accounts: the node, and whether the app hears of them.
import type { JsonObject } from '../../src/kernel/json.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Waba } from '../world.ts';
import { changeCallback } from './change-callback.ts';
import type { Answer } from './answer.ts';
import type { GraphCall } from './call.ts';
import { pickFields, type Node } from './fields.ts';

export const APP_NAME = 'Simulated app';

const DEFAULT_FIELDS = ['id', 'name', 'timezone_id', 'message_template_namespace'];

export function getWaba(_sim: Simulation, waba: Waba, call: GraphCall): Answer {
  const node: Node = {
    id: () => waba.id,
    name: () => 'Simulated business account',
    timezone_id: () => '66',
    message_template_namespace: () => 'ba30dd89_2ebd_41e4_b805_f2c05ae04cc9',
    account_review_status: () => 'APPROVED',
    business_verification_status: () => 'verified',
    country: () => 'ID',
    currency: () => 'USD',
    ownership_type: () => 'SELF',
    primary_business_location: () => 'ID',
    status: () => 'ACTIVE',
  };
  return {
    status: 200,
    json: pickFields(node, call.query, { defaults: DEFAULT_FIELDS, nodeType: 'WhatsAppBusinessAccount' }),
  };
}

export function getSubscribedApps(sim: Simulation, waba: Waba): Answer {
  const { appId } = sim.settings;
  const app: JsonObject = {
    whatsapp_business_api_data: {
      link: `https://www.facebook.com/games/?app_id=${appId}`,
      name: APP_NAME,
      id: appId,
    },
  };
  if (waba.callback) app['override_callback_uri'] = waba.callback.url;
  return { status: 200, json: { data: waba.subscribed ? [app] : [] } };
}

export async function subscribeApp(sim: Simulation, waba: Waba, fields: JsonObject): Promise<Answer> {
  const callback = await changeCallback(sim, fields);
  record(sim, { fact: 'waba', at: sim.clock.now(), id: waba.id, subscribed: true, callback });
  return { status: 200, json: { success: true } };
}

export function unsubscribeApp(sim: Simulation, waba: Waba): Answer {
  record(sim, { fact: 'waba', at: sim.clock.now(), id: waba.id, subscribed: false, callback: null });
  return { status: 200, json: { success: true } };
}
