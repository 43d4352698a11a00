// What subscribers hear of what the business wrote in an app of its own.
import type { Context } from '../context.ts';
import type { EchoField, Event, EventNumber } from '../events/event.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Queryable } from '../storage/db.ts';
import { aboutMessage, outboundFacts } from './about-message.ts';
import { readTold, type ToldRow } from './progress-store.ts';

export interface Echo {
  organisationId: OrganisationId;
  number: EventNumber;
  field: EchoField;
  id: string;
  wamid: string;
  /** Meta's words. */
  message: JsonObject;
  contacts: JsonObject[];
}

/** The events of echoes that were kept in this transaction. */
export async function eventsOfEchoes(ctx: Context, tx: Queryable, echoes: readonly Echo[]): Promise<Event[]> {
  const rows = await readTold(tx, echoes);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return echoes.flatMap((echo) => {
    const row = byId.get(echo.id);
    return row ? [toEvent(echo, row, ctx.clock.now())] : [];
  });
}

function toEvent(echo: Echo, row: ToldRow, now: number): Event {
  const { organisationId, number, field, message, contacts, wamid } = echo;
  const about = aboutMessage({ ...row, organisationId, messageId: row.id }, { number, now });
  if (row.type === 'edit' || row.type === 'revoke') {
    const type = row.type === 'edit' ? 'message.edited' : 'message.revoked';
    return {
      ...about,
      type,
      wamid,
      field,
      message,
      contacts,
      errors: [],
      isNewConversation: false,
      media: null,
    };
  }
  return { ...about, type: 'message.sent', outbound: outboundFacts(row), echo: { field, message, contacts } };
}
