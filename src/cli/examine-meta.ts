// What `kurir doctor` asks Meta: whether it answers, what time it has, and what it says of each number and its webhooks.
import type { Context } from '../context.ts';
import { createMetaClient, type GraphAnswer, type MetaClient } from '../meta/client.ts';
import { createNumberDirectory } from '../organisations/number-directory.ts';
import { listNumbers, type BusinessNumber, type NumberListing } from '../organisations/numbers.ts';
import { listOrganisations } from '../organisations/organisations.ts';
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

export async function examineGraph({ config, clock }: Context): Promise<Finding> {
  const { graphUrl } = config;
  try {
    const answer = await fetch(graphUrl, { signal: AbortSignal.timeout(ANSWER_WAIT_MS), redirect: 'manual' });
    const date = Date.parse(answer.headers.get('date') ?? '');
    const apartMs = Number.isNaN(date) ? 0 : Math.abs(clock.now() - date);
    if (apartMs <= CLOCK_SLACK_MS) return { name: 'Meta', state: 'ok', says: `${graphUrl} answers` };
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
      says: `${graphUrl} does not answer`,
      todo: 'Look at the network, proxy and firewall of this computer, and at KURIR_GRAPH_URL.',
    };
  }
}

export async function examineNumbers(ctx: Context): Promise<Finding[]> {
  const organisations = await listOrganisations(ctx);
  const numbers = (
    await Promise.all(organisations.map(({ id }) => listNumbers(ctx, id, { all: true })))
  ).flat();
  if (numbers.length === 0)
    return [
      {
        name: 'numbers',
        state: 'warning',
        says: 'none is connected',
        todo: 'Connect one: kurir numbers add --help',
      },
    ];
  await using directory = await createNumberDirectory(ctx);
  const meta = createMetaClient({ graphUrl: ctx.config.graphUrl, connections: 2 });
  try {
    const findings: Finding[] = [];
    for (const listing of numbers) {
      const number = directory.knownNumber(listing.organisationId, listing.phoneNumberId);
      if (number) findings.push(await examineNumber(meta, number), await examineWebhooks(meta, number));
      else findings.push(unopened(listing));
    }
    return findings;
  } finally {
    await meta.close();
  }
}

function unopened({ phoneNumberId }: NumberListing): Finding {
  const todo = `Start with the KURIR_SECRET it was sealed under (or name it in KURIR_SECRET_OLD), or give it a token anew: kurir numbers set ${phoneNumberId} --token-file -`;
  return {
    name: phoneNumberId,
    state: 'failed',
    says: 'its token was sealed under another KURIR_SECRET',
    todo,
  };
}

async function examineNumber(
  meta: MetaClient,
  { phoneNumberId, accessToken, status, statusReason }: BusinessNumber,
): Promise<Finding> {
  const name = phoneNumberId;
  const answer = await meta.call({
    method: 'GET',
    accessToken,
    path: `${phoneNumberId}?fields=id,display_phone_number`,
  });
  if (answer.kind !== 'answered')
    return {
      name,
      state: 'failed',
      says: `Meta does not take its token: ${said(answer)}`,
      todo: `Give it a new one: kurir numbers set ${phoneNumberId} --token-file -`,
    };
  if (status === 'connected') return { name, state: 'ok', says: 'its token is good' };
  return {
    name,
    state: 'warning',
    says: `its token is good, but it is ${status}${statusReason === null ? '' : ` (${statusReason})`}`,
    todo: 'Look at it in Meta’s Business Manager.',
  };
}

async function examineWebhooks(
  meta: MetaClient,
  { phoneNumberId, wabaId, accessToken }: BusinessNumber,
): Promise<Finding> {
  const name = phoneNumberId;
  const answer = await meta.call({ method: 'GET', accessToken, path: `${wabaId}/subscribed_apps` });
  if (answer.kind !== 'answered')
    return {
      name,
      state: 'warning',
      says: `Meta does not say whether webhooks of WABA ${wabaId} are on: ${said(answer)}`,
      todo: 'Give the token the permission whatsapp_business_management.',
    };
  const { data } = answer.body;
  if (Array.isArray(data) && data.length > 0)
    return { name, state: 'ok', says: `an app is subscribed to the webhooks of WABA ${wabaId}` };
  return {
    name,
    state: 'failed',
    says: `no app is subscribed to the webhooks of WABA ${wabaId}: no status and no customer's message will arrive`,
    todo: `Subscribe the app: POST ${wabaId}/subscribed_apps with the number's token.`,
  };
}

function said(answer: Exclude<GraphAnswer, { kind: 'answered' }>): string {
  if (answer.kind === 'failed') return answer.reason;
  return `${answer.error.details ?? answer.error.title} (code ${answer.error.code})`;
}
