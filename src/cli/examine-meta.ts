// What `kurir doctor` asks of time: this computer's, the database's and Meta's; and whether Meta answers at all.
import type { Context } from '../context.ts';
import type { Finding } from './finding.ts';

const ANSWER_WAIT_MS = 10_000;
const CLOCK_SLACK_MS = 30_000;

/** Whether this computer and its database agree on the time: leases and expiries are the database's. */
export async function examineClock({ db, clock }: Context): Promise<Finding> {
  const [row] = await db.query<{ now: Date }>('select clock_timestamp() as now');
  const apartMs = Math.abs(clock.now() - (row?.now.getTime() ?? 0));
  if (apartMs <= CLOCK_SLACK_MS) return { name: 'clock', state: 'ok', says: 'agrees with the database' };
  return {
    name: 'clock',
    state: 'failed',
    says: `is ${Math.round(apartMs / 1000)} s away from the database's`,
    todo: 'Set both by NTP.',
  };
}

/** `place` says where it is and which setting says so. */
export async function examineGraph({ config, clock }: Context, place: string): Promise<Finding> {
  const { graphUrl } = config;
  try {
    const answer = await fetch(graphUrl, { signal: AbortSignal.timeout(ANSWER_WAIT_MS), redirect: 'manual' });
    const date = Date.parse(answer.headers.get('date') ?? '');
    const apartMs = Number.isNaN(date) ? 0 : Math.abs(clock.now() - date);
    if (apartMs <= CLOCK_SLACK_MS) return { name: 'Meta', state: 'ok', says: `answers (${place})` };
    return {
      name: 'Meta',
      state: 'warning',
      says: `its clock is ${Math.round(apartMs / 1000)} s away from ours`,
      todo: 'Set this computer by NTP.',
    };
  } catch {
    return {
      name: 'Meta',
      state: 'failed',
      says: `does not answer (${place})`,
      todo: 'Look at the network, proxy and firewall of this computer, and at KURIR_GRAPH_URL.',
    };
  }
}
