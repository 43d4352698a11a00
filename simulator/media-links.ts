// The addresses of media: good for five minutes, and only as they were handed out.
import { createHash } from 'node:crypto';
import { hmacSha256 } from '../src/kernel/secrets.ts';
import { digits } from './ids.ts';
import type { Media } from './fact.ts';
import { record, type Simulation } from './simulation.ts';

export const MEDIA_PATH = '/whatsapp_business/attachments/';

const LINK_SECONDS = 300;
const DAY_MS = 24 * 60 * 60 * 1000;
const UPLOADED_DAYS = 30;
const INBOUND_DAYS = 7;

export interface GivenMedia {
  number: string;
  mimeType: string;
  bytes: Uint8Array;
  filename: string;
  inbound: boolean;
}

export interface LinkFor {
  /** Where the one who gets the link reaches us. */
  origin: string;
  source: 'webhook' | 'getMedia';
}

/** Keeps a medium under a new id. */
export function keepMedia(sim: Simulation, { bytes, ...given }: GivenMedia): Media {
  const at = sim.clock.now();
  const media: Media = {
    ...given,
    id: digits(16, sim.random),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    at,
  };
  sim.mediaFiles.put(media.id, bytes);
  record(sim, { fact: 'media', at, media });
  return media;
}

/** A medium that is still there. */
export function findMedia(sim: Simulation, id: string): Media | null {
  const media = sim.world.media.get(id);
  if (!media) return null;
  const days = media.inbound ? INBOUND_DAYS : UPLOADED_DAYS;
  return sim.clock.now() - media.at < days * DAY_MS ? media : null;
}

export function mediaLink(sim: Simulation, id: string, { origin, source }: LinkFor): string {
  const ext = Math.floor(sim.clock.now() / 1000) + LINK_SECONDS;
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
