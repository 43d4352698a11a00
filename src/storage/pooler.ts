// Whether a pooler (PgBouncer) stands between us and PostgreSQL. A session is then not ours: what is set, prepared or listened for in it
// is gone, or somebody else's, by the next statement.
import pg from 'pg';

/** A pooler makes up the process id it greets with; PostgreSQL greets with the one it has. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const greeted: unknown = 'processID' in client ? client.processID : undefined;
  const result = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return result.rows[0]?.pid !== greeted;
}

const ANSWER_WITHIN_MS = 5_000;

/** Asks whoever answers at an address. Nothing is set at the start of the connection: PgBouncer refuses what it does not know. */
export async function isPoolerAt(url: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    application_name: 'kurir',
  });
  // What breaks it ends the question; there is nothing to do besides.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await isPooled(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
