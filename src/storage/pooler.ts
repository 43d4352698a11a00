// Whether a pooler (PgBouncer) stands between us and PostgreSQL. A session is then not ours: what is set, prepared or listened for in it
// is gone, or somebody else's, by the next statement.
import type pg from 'pg';

/** A pooler makes up the process id it greets with; PostgreSQL greets with the one it has. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const greeted: unknown = 'processID' in client ? client.processID : undefined;
  const result = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return result.rows[0]?.pid !== greeted;
}
