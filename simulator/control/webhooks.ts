// Where webhooks go, whether the receiver proves itself, and what is still on its way.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import { record, type Simulation } from '../simulation.ts';
import { verifyCallback, type Verification } from '../verify-callback.ts';

export const CallbackAsked = Type.Object(
  {
    url: Type.Optional(Type.String({ description: 'The present callback when absent.' })),
    verify_token: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type CallbackAsked = Static<typeof CallbackAsked>;

export interface WebhooksView {
  callback_url: string | null;
  /** Updates that are waiting, on their way, or to be tried again. */
  pending: number;
}

export function readWebhooks(sim: Simulation): WebhooksView {
  return { callback_url: sim.world.appCallback?.url ?? null, pending: sim.push.pending() };
}

/** Meta's handshake with a receiver, step by step; nothing changes. */
export function verifyWebhook(sim: Simulation, asked: CallbackAsked): Promise<Verification> {
  return verifyCallback(sim, callbackOf(sim, asked));
}

/** Sends webhooks elsewhere from now on, without a handshake. */
export function setCallback(sim: Simulation, asked: CallbackAsked): WebhooksView {
  record(sim, { fact: 'appCallback', at: sim.clock.now(), callback: callbackOf(sim, asked) });
  return readWebhooks(sim);
}

function callbackOf(sim: Simulation, asked: CallbackAsked): { url: string; verifyToken: string } {
  const url = asked.url ?? sim.world.appCallback?.url;
  if (url === undefined) {
    throw new ControlRefusal('invalid_request', 'There is no callback yet; give its url.', { param: 'url' });
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ControlRefusal('invalid_request', 'url must be an http or https address.', { param: 'url' });
  }
  return {
    url,
    verifyToken: asked.verify_token ?? sim.world.appCallback?.verifyToken ?? sim.settings.verifyToken,
  };
}
