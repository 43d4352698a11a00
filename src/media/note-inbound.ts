// Noting the media of customers' messages in the transaction that keeps the messages: from then on they are fetched, whatever happens.
import type { ToldMedia } from '../meta/inbound-media.ts';
import type { Queryable } from '../storage/db.ts';
import { mediaIdOf } from './media.ts';
import { insertInbound } from './media-store.ts';

export interface InboundMedium {
  organisationId: string;
  messageId: string;
  phoneNumberId: string;
  told: ToldMedia;
  at: number;
}

export function noteInbound(tx: Queryable, media: readonly InboundMedium[]): Promise<void> {
  return insertInbound(
    tx,
    media.map(({ organisationId, messageId, phoneNumberId, told, at }) => ({
      organisationId,
      id: mediaIdOf(messageId),
      phoneNumberId,
      sourceId: told.metaId,
      mimeType: told.mimeType,
      sha256: told.sha256,
      filename: told.filename,
      at,
    })),
  );
}
