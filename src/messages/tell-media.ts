// What subscribers hear of a customer's file: that it is here, or never will be. Not of those of history, of which nothing is told one by one,
// nor of what the business wrote elsewhere.
import type { Context } from '../context.ts';
import type { MessageMedia } from '../events/event.ts';
import type { MediaNews } from '../media/media-news.ts';
import { aboutMessage } from './about-message.ts';
import { readTold } from './progress-store.ts';

export function createMediaNews(ctx: Context): MediaNews {
  return async (tx, { number, messageId, media }) => {
    const { organisationId } = number;
    const [row] = await readTold(tx, [{ organisationId, id: messageId }]);
    if (!row || row.source !== null) return [];
    const about = aboutMessage({ ...row, organisationId, messageId }, { number, now: ctx.clock.now() });
    const event: MessageMedia = { ...about, type: 'message.media', messageType: row.type, media };
    return [event];
  };
}
