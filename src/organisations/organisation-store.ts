// Organisations in PostgreSQL.
import type { OrganisationId } from '../kernel/ids.ts';
import type { Queryable } from '../storage/db.ts';

export interface Organisation {
  id: OrganisationId;
  name: string;
  /** Null: what the installation's settings say. */
  writePerMinute: number | null;
  readPerMinute: number | null;
  createdAt: Date;
}

interface OrganisationRow {
  id: OrganisationId;
  name: string;
  write_per_minute: number | null;
  read_per_minute: number | null;
  created_at: Date;
}

const COLUMNS = 'id, name, write_per_minute, read_per_minute, created_at';

export async function insertOrganisation(db: Queryable, organisation: Organisation): Promise<void> {
  const { id, name, writePerMinute, readPerMinute, createdAt } = organisation;
  await db.query(
    `insert into organisations (id, name, write_per_minute, read_per_minute, created_at) values ($1, $2, $3, $4, $5)`,
    [id, name, writePerMinute, readPerMinute, createdAt],
  );
}

export async function selectOrganisations(db: Queryable): Promise<Organisation[]> {
  const rows = await db.query<OrganisationRow>(
    `select ${COLUMNS} from organisations order by created_at, id`,
  );
  return rows.map(toOrganisation);
}

export async function selectOrganisation(db: Queryable, id: string): Promise<Organisation | undefined> {
  const rows = await db.query<OrganisationRow>(`select ${COLUMNS} from organisations where id = $1`, [id]);
  return rows[0] && toOrganisation(rows[0]);
}

/**
 * Lets one transaction after the other find out whether there is an organisation (or an app) yet, so that two starts at
 * once do not both make the first. Held to the end of the transaction; nobody who only reads waits for it.
 */
export async function lockFirstOnes(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext(current_schema() || ' first organisation and app'))`);
}

function toOrganisation(row: OrganisationRow): Organisation {
  return {
    id: row.id,
    name: row.name,
    writePerMinute: row.write_per_minute,
    readPerMinute: row.read_per_minute,
    createdAt: row.created_at,
  };
}
