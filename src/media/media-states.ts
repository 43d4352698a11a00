// How the media of customers' messages stand, for whoever shows or tells the messages.
import type { Context } from '../context.ts';
import type { MediaState } from '../events/event.ts';
import { isObject } from '../kernel/json.ts';
import { mediaIn } from '../meta/inbound-media.ts';
import { mediaUrl } from './media-link.ts';
import { mediaIdOf } from './media.ts';
import { findMedia } from './media-store.ts';

/** `failure`: why the latest try to fetch it failed, for people. */
export interface ShownMedia extends MediaState {
  failure: string | null;
}

/** Of a message that has just come: its address works as soon as the bytes are here. */
export function newMediaState(
  ctx: Context,
  { organisationId, messageId }: { organisationId: string; messageId: string },
): MediaState {
  return { status: 'pending', url: mediaUrl(ctx, { organisationId, id: mediaIdOf(messageId) }) };
}

/** By message, of those that Meta told of with a medium. What is not kept any more has failed. */
export async function mediaStates(
  ctx: Context,
  organisationId: string,
  messages: readonly { id: string; body: unknown }[],
): Promise<Map<string, ShownMedia>> {
  const having = messages.filter(({ body }) => isObject(body) && mediaIn(body) !== null);
  if (having.length === 0) return new Map();
  const ids = having.map(({ id }) => mediaIdOf(id));
  const media = await findMedia(ctx.db.reading, organisationId, ids);
  const byId = new Map(media.map((medium) => [medium.id, medium]));
  return new Map(
    having.map(({ id }) => {
      const medium = byId.get(mediaIdOf(id));
      const status = medium?.status ?? 'failed';
      const url = medium && status !== 'failed' ? mediaUrl(ctx, medium) : null;
      return [id, { status, url, failure: medium?.failure ?? null }];
    }),
  );
}
