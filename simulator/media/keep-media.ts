// Media are kept under an id, with what is known of them: bytes that were given, a file that was uploaded, or bytes that are made up
// whenever they are asked for.
import { createHash } from 'node:crypto';
import type { Media } from '../fact.ts';
import { digits } from '../ids.ts';
import { record, type Simulation } from '../simulation.ts';
import type { Content } from './content.ts';
import { madeUp, sumOfMadeUp } from './made-up.ts';
import type { Received } from './media-files.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const UPLOADED_DAYS = 30;
const INBOUND_DAYS = 7;

export type MediaSource = { bytes: Uint8Array } | { received: Received } | { size: number; seed: number };

export type MediaAbout = Pick<Media, 'number' | 'mimeType' | 'filename' | 'inbound' | 'from'>;

/** Keeps a medium under a new id. */
export function keepMedia(sim: Simulation, about: MediaAbout, source: MediaSource): Media {
  const at = sim.clock.now();
  const id = digits(16, sim.random);
  const media: Media = { ...about, id, ...stored(sim, id, { about, source }), at };
  record(sim, { fact: 'media', at, media });
  return media;
}

interface Given {
  about: MediaAbout;
  source: MediaSource;
}

function stored(
  sim: Simulation,
  id: string,
  { about, source }: Given,
): Pick<Media, 'sha256' | 'size' | 'seed'> {
  if ('bytes' in source) {
    sim.mediaFiles.put(id, source.bytes);
    return {
      sha256: createHash('sha256').update(source.bytes).digest('hex'),
      size: source.bytes.length,
    };
  }
  if ('received' in source) {
    const { received } = source;
    received.keepAs(id);
    return { sha256: received.sha256, size: received.size };
  }
  const { size, seed } = source;
  return { sha256: sumOfMadeUp({ mimeType: about.mimeType, size, seed }), size, seed };
}

/** A medium that is still there. */
export function findMedia(sim: Simulation, id: string): Media | null {
  const media = sim.world.media.get(id);
  if (!media) return null;
  const days = media.inbound ? INBOUND_DAYS : UPLOADED_DAYS;
  return sim.clock.now() - media.at < days * DAY_MS ? media : null;
}

export function contentOf(sim: Simulation, { id, mimeType, size, seed }: Media): Content | null {
  return seed === undefined ? sim.mediaFiles.get(id) : madeUp({ mimeType, size, seed });
}

/** What a message with it would be. */
export function kindOf({ mimeType }: Media): string {
  if (mimeType.startsWith('image/webp')) return 'sticker';
  const [sort = ''] = mimeType.split('/');
  return ['image', 'video', 'audio'].includes(sort) ? sort : 'document';
}
