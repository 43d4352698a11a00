// SQL of labels, and of what they are on.
import type { LabelId } from '../kernel/ids.ts';
import { sqlState, type Queryable } from '../storage/db.ts';
import type { Label, LabelColor } from './conversation.ts';

const COLUMNS = 'id, name, color, created_at as "createdAt", updated_at as "updatedAt"';

/** A page of them by name (unique key), after the one named. */
export function selectLabels(
  db: Queryable,
  organisationId: string,
  page: { after: string | undefined; limit: number },
): Promise<Label[]> {
  return db.query(
    `select ${COLUMNS} from labels where organisation_id = $1 and ($2::text is null or name > $2) order by name limit $3`,
    [organisationId, page.after ?? null, page.limit],
  );
}

export async function selectLabel(
  db: Queryable,
  organisationId: string,
  id: string,
): Promise<Label | undefined> {
  const rows = await db.query<Label>(`select ${COLUMNS} from labels where organisation_id = $1 and id = $2`, [
    organisationId,
    id,
  ]);
  return rows[0];
}

/** Whether it is there, and then until the transaction ends. */
export async function lockLabel(tx: Queryable, organisationId: string, id: string): Promise<boolean> {
  const rows = await tx.query('select 1 from labels where organisation_id = $1 and id = $2 for key share', [
    organisationId,
    id,
  ]);
  return rows.length > 0;
}

export interface LabelFacts {
  id: LabelId;
  name: string;
  color: LabelColor;
  now: number;
}

/** Undefined where the name is taken. */
export async function insertLabel(
  db: Queryable,
  organisationId: string,
  label: LabelFacts,
): Promise<Label | undefined> {
  const rows = await db.query<Label>(
    `insert into labels (organisation_id, id, name, color, created_at, updated_at)
     values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), to_timestamp($5::float8 / 1000)) on conflict do nothing returning ${COLUMNS}`,
    [organisationId, label.id, label.name, label.color, label.now],
  );
  return rows[0];
}

export type LabelUpdate = { kind: 'updated'; label: Label } | { kind: 'absent' } | { kind: 'name taken' };

/** What is undefined stays. */
export async function updateLabel(
  db: Queryable,
  organisationId: string,
  change: { id: string; name: string | undefined; color: LabelColor | undefined; now: number },
): Promise<LabelUpdate> {
  try {
    const [label] = await db.query<Label>(
      `update labels set name = coalesce($3, name), color = coalesce($4, color), updated_at = to_timestamp($5::float8 / 1000)
       where organisation_id = $1 and id = $2 returning ${COLUMNS}`,
      [organisationId, change.id, change.name ?? null, change.color ?? null, change.now],
    );
    return label ? { kind: 'updated', label } : { kind: 'absent' };
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return { kind: 'name taken' };
    throw error;
  }
}

const UNIQUE_VIOLATION = '23505';

/** Says whether it was there; it goes from whatever it is on. */
export async function deleteLabel(db: Queryable, organisationId: string, id: string): Promise<boolean> {
  const rows = await db.query('delete from labels where organisation_id = $1 and id = $2 returning id', [
    organisationId,
    id,
  ]);
  return rows.length > 0;
}

/** Puts a label on contacts, or takes it off; returns those that it was not on, or was. */
export async function setContactLabel(
  tx: Queryable,
  organisationId: string,
  set: { contactIds: readonly string[]; labelId: string; on: boolean },
): Promise<string[]> {
  const rows = await tx.query<{ contact_id: string }>(
    set.on
      ? `insert into contact_labels (organisation_id, contact_id, label_id)
         select $1, id, $3 from unnest($2::text[]) as t (id) order by id on conflict do nothing returning contact_id`
      : `delete from contact_labels where organisation_id = $1 and contact_id = any($2) and label_id = $3 returning contact_id`,
    [organisationId, set.contactIds, set.labelId],
  );
  return rows.map((row) => row.contact_id);
}

/** The same for a conversation. */
export async function setConversationLabel(
  db: Queryable,
  organisationId: string,
  set: { phoneNumberId: string; conversation: string; labelId: string; on: boolean },
): Promise<void> {
  await db.query(
    set.on
      ? `insert into conversation_labels (organisation_id, phone_number_id, conversation, label_id) values ($1, $2, $3, $4) on conflict do nothing`
      : `delete from conversation_labels where organisation_id = $1 and phone_number_id = $2 and conversation = $3 and label_id = $4`,
    [organisationId, set.phoneNumberId, set.conversation, set.labelId],
  );
}

/** Which contacts there are of those named, and of which number each is; they stay until the transaction ends (primary key). */
export function lockContacts(
  tx: Queryable,
  organisationId: string,
  ids: readonly string[],
): Promise<{ id: string; phoneNumberId: string }[]> {
  return tx.query(
    `select id, phone_number_id as "phoneNumberId" from contacts where organisation_id = $1 and id = any($2) order by id for key share`,
    [organisationId, ids],
  );
}
