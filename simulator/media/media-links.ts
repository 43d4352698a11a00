// The addresses of media: good for five minutes, and only as they were handed out.
import { hmacSha256 } from '../../src/kernel/secrets.ts';
import type { Media } from '../fact.ts';
import type { Simulation } from '../simulation.ts';
import { findMedia, kindOf } from './keep-media.ts';

export const MEDIA_PATH = '/whatsapp_business/attachments/';

const LINK_SECONDS = 300;

export interface LinkFor {
  /** Where the one who gets the link reaches us. */
  origin: string;
  source: 'webhook' | 'getMedia';
}

export function mediaLink(sim: Simulation, media: Media, { origin, source }: LinkFor): string {
  const now = sim.clock.now();
  const { id, number, from: to = '' } = media;
  const kind = kindOf(media);
  const expired = sim.faults.ofLink({ edge: source, number, to, type: kind, kind }, now);
  const ext = Math.floor(now / 1000) + (expired.length > 0 ? -1 : LINK_SECONDS);
  return `${origin}${MEDIA_PATH}?mid=${id}&source=${source}&ext=${ext}&hash=${linkHash(sim, id, String(ext))}`;
}

/** The medium a link names, if the link is genuine and not yet too old. */
export function mediaOfLink(sim: Simulation, query: URLSearchParams): Media | null {
  const id = query.get('mid') ?? '';
  const ext = query.get('ext') ?? '';
  if (query.get('hash') !== linkHash(sim, id, ext) || Number(ext) * 1000 < sim.clock.now()) return null;
  return findMedia(sim, id);
}

function linkHash(sim: Simulation, id: string, ext: string): string {
  return `AR${hmacSha256(sim.settings.appSecret, `${id}:${ext}`).slice(0, 40)}`;
}
