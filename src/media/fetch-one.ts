// Fetching what a customer sent: ask Meta where it is (its addresses live five minutes, so they are asked for anew each time), download it,
// and keep it only if it is what was told.
import { pipeline } from 'node:stream';

import type { JsonObject } from '../kernel/json.ts';
import type { Download, GraphAnswer, MetaClient } from '../meta/client.ts';
import { sumInHex } from '../meta/inbound-media.ts';
import { text } from '../meta/webhook-envelope.ts';
import { Measure, type Measured } from './measured.ts';
import type { MediaFiles } from './media-files.ts';
import type { Claim } from './media-store.ts';

export type Fetched =
  | { kind: 'ready'; found: Measured }
  /** `hopeless`: trying again will not help. */
  | { kind: 'failed'; reason: string; hopeless: boolean };

export interface FetchParts {
  meta: MetaClient;
  files: MediaFiles;
  maxBytes: number;
}

class Refused extends Error {
  readonly hopeless: boolean;
  constructor(reason: string, hopeless: boolean) {
    super(reason);
    this.hopeless = hopeless;
  }
}

export async function fetchOne(
  { meta, files, maxBytes }: FetchParts,
  claim: Claim,
  about: { accessToken: string; signal: AbortSignal },
): Promise<Fetched> {
  try {
    const { accessToken, signal } = about;
    const path = `${claim.sourceId}?phone_number_id=${claim.phoneNumberId}`;
    const answer = await meta.call({ method: 'GET', accessToken, path });
    const { url, sha256, size } = placeOf(answer, claim.tries);
    if (size > maxBytes) throw tooLarge(maxBytes);
    const bytes = bytesOf(await meta.download({ accessToken, url, signal }));
    const measure = new Measure({
      toldType: claim.toldType,
      checkSize(sizeSoFar) {
        if (sizeSoFar > maxBytes) throw tooLarge(maxBytes);
      },
      checkWhole(found) {
        const told = sha256 ?? claim.toldSha256;
        if (told !== null && told !== found.sha256)
          throw new Refused('what came has not the sum that Meta told', false);
      },
    });
    // Whichever of the two breaks takes the other with it; what broke is told by `put`.
    pipeline(bytes, measure, () => undefined);
    await files.put(claim, measure).finally(() => measure.destroy());
    if (!measure.measured) throw new Refused('the bytes were not read to their end', false);
    return { kind: 'ready', found: measure.measured };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'an unknown fault';
    return { kind: 'failed', reason, hopeless: error instanceof Refused && error.hopeless };
  }
}

/** Meta's word for an object that is not there, or not this token's. */
const NO_OBJECT = 100;
/** Within half an hour. */
const NO_OBJECT_TRIES = 8;

function placeOf(answer: GraphAnswer, tries: number): { url: string; sha256: string | null; size: number } {
  if (answer.kind === 'failed') throw new Refused(answer.reason, false);
  if (answer.kind === 'refused')
    throw new Refused(
      `Meta refused: ${answer.error.title}`,
      answer.error.code === NO_OBJECT && tries >= NO_OBJECT_TRIES,
    );
  const { body }: { body: JsonObject } = answer;
  const url = text(body['url']);
  if (url === undefined) throw new Refused('Meta told no address', false);
  // Meta's own sample shows the size as a text.
  return { url, sha256: sumInHex(body['sha256']), size: Number(body['file_size'] ?? 0) };
}

function bytesOf(answer: Download) {
  if (answer.kind === 'failed') throw new Refused(answer.reason, false);
  return answer.bytes;
}

function tooLarge(maxBytes: number): Refused {
  return new Refused(`it is larger than the ${Math.floor(maxBytes / 1_000_000)} MB that are kept`, true);
}
