// What Meta will find out only after its 200: the reason a message that was accepted is going to fail, if there is one.
import type { BusinessNumber, Phone, Template } from './fact.ts';
import type { MediaUse } from './kinds/shape.ts';
import { phoneOf } from './phones.ts';
import type { Simulation } from './simulation.ts';
import { windowKey } from './world.ts';

export interface Accepted {
  number: BusinessNumber;
  phone: string;
  media: readonly MediaUse[];
  template?: Template;
  /** The message a reaction is for. */
  reactsTo?: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REACTION_DAYS = 30;

// Formats Meta takes by link, by the end of the address; an address that says nothing is believed.
const REFUSED_ENDS: { readonly [type: string]: RegExp } = {
  image: /\.(?:avif|gif|webp|svg|heic|bmp|tiff?|pdf|mp4|html?)$/i,
  sticker: /\.(?:avif|gif|svg|jpe?g|png|pdf|mp4|html?)$/i,
  video: /\.(?:mov|avi|mkv|webm|png|jpe?g|pdf|html?)$/i,
  audio: /\.(?:wav|flac|png|jpe?g|pdf|html?)$/i,
};

/** The code of the failure to come, or null. */
export function fateOf(sim: Simulation, accepted: Accepted): number | null {
  const phone = phoneOf(sim, accepted.phone);
  const category = accepted.template?.category;
  if (!phone.onWhatsapp) return 131026;
  if (category === 'MARKETING' && phone.optedOut) return 131050;
  if (category === 'MARKETING' && phone.quirk === 'marketing_capped') return 131049;
  if (!accepted.template && !windowIsOpen(sim, accepted.number, phone)) return 131047;
  if (accepted.media.length > 0 && phone.quirk === 'media_fails') return 131053;
  if (accepted.media.some((use) => !canBeFetched(sim, use))) return 131053;
  return accepted.reactsTo !== undefined && !canReactTo(sim, accepted.reactsTo) ? 131009 : null;
}

/** Whether free-form messages may go to a customer now. */
export function windowIsOpen(sim: Simulation, number: BusinessNumber, phone: Phone): boolean {
  if (phone.window !== 'tracked') return phone.window === 'open';
  if (!sim.settings.windowEnforced) return true;
  const wroteAt = sim.world.wroteAt.get(windowKey(number.phoneNumberId, phone.phone));
  return wroteAt !== undefined && sim.clock.now() - wroteAt < DAY_MS;
}

function canBeFetched(sim: Simulation, { type, link }: MediaUse): boolean {
  if (link === undefined) return true;
  const { hostname, pathname } = new URL(link);
  const known = sim.settings.linksThatResolve.some(
    (pattern) =>
      pattern === '*' ||
      pattern === hostname ||
      (pattern.startsWith('*.') && hostname.endsWith(pattern.slice(1))),
  );
  return known && !REFUSED_ENDS[type]?.test(pathname);
}

function canReactTo(sim: Simulation, wamid: string): boolean {
  const target = sim.world.messages.get(wamid);
  return (
    target !== undefined &&
    target.fact.type !== 'reaction' &&
    sim.clock.now() - target.fact.at < REACTION_DAYS * DAY_MS
  );
}
