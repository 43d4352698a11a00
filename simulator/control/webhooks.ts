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

export const WebhooksAsked = Type.Object(
  {
    ...CallbackAsked.properties,
    held: Type.Optional(Type.Boolean({ description: 'Whether Meta keeps back every webhook for now.' })),
  },
  { additionalProperties: false },
);
export type WebhooksAsked = Static<typeof WebhooksAsked>;

export interface WebhooksView {
  callback_url: string | null;
  /** Updates that are waiting, on their way, or to be tried again. */
  pending: number;
  /** Nothing leaves until it is let go. */
  held: boolean;
}

export function readWebhooks(sim: Simulation): WebhooksView {
  const { push, world } = sim;
  return { callback_url: world.appCallback?.url ?? null, pending: push.pending(), held: push.isHeld() };
}

/** Meta's handshake with a receiver, step by step; nothing changes. */
export function verifyWebhook(sim: Simulation, asked: CallbackAsked): Promise<Verification> {
  return verifyCallback(sim, callbackOf(sim, asked));
}

/** Sends webhooks elsewhere from now on, without a handshake; keeps them back, or lets them go. */
export function setWebhooks(sim: Simulation, { held, ...asked }: WebhooksAsked): WebhooksView {
  if (held !== undefined) sim.push.hold(held);
  const elsewhere = asked.url !== undefined || asked.verify_token !== undefined || held === undefined;
  if (elsewhere) record(sim, { fact: 'appCallback', at: sim.clock.now(), callback: callbackOf(sim, asked) });
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
