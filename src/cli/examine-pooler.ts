// What `kurir doctor` says of a pooler between the nodes and PostgreSQL: whether nodes hear each other, and whether a statement can last
// for ever (a session of a pooler takes no time-out from us).
import type { Context } from '../context.ts';
import { isPoolerAt } from '../storage/pooler.ts';
import type { Finding } from './finding.ts';

const name = 'pooler';

export async function examinePooler({ config, db }: Context): Promise<Finding[]> {
  if (!(await db.isPooled())) return [{ name, state: 'ok', says: 'none: nodes hear each other by LISTEN' }];
  return [await examineListening(config.listenUrl), ...(await examineTimeouts(db))];
}

async function examineListening(listenUrl: string | undefined): Promise<Finding> {
  const todo = 'Set KURIR_LISTEN_URL to an address of PostgreSQL itself.';
  if (listenUrl === undefined)
    return {
      name,
      state: 'warning',
      says: 'LISTEN does not pass it: nodes look now and then, and a send through the wrong one takes half a second more',
      todo,
    };
  try {
    if (!(await isPoolerAt(listenUrl)))
      return { name, state: 'ok', says: 'nodes hear each other by KURIR_LISTEN_URL' };
    return { name, state: 'warning', says: 'KURIR_LISTEN_URL leads to a pooler, too', todo };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'no reason';
    return { name, state: 'warning', says: `nobody answers at KURIR_LISTEN_URL: ${why}`, todo };
  }
}

const TIMEOUTS = { statement_timeout: '30s', idle_in_transaction_session_timeout: '10s' };

async function examineTimeouts(db: Context['db']): Promise<Finding[]> {
  const names = Object.keys(TIMEOUTS);
  const rows = await db.query<{ name: string }>(
    "select name from unnest($1::text[]) as name where current_setting(name) = '0'",
    [names],
  );
  if (rows.length === 0) return [];
  const [user] = await db.query<{ name: string }>('select quote_ident(current_user) as name');
  const wanted = Object.entries(TIMEOUTS).map(
    ([setting, value]) => `alter role ${user?.name} set ${setting} = '${value}';`,
  );
  return [
    {
      name,
      state: 'warning',
      says: `${rows.map((row) => row.name).join(' and ')}: none is set, and none can be set through a pooler`,
      todo: `In psql: ${wanted.join(' ')}`,
    },
  ];
}
