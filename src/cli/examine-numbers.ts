// What `kurir doctor` asks Meta of each number: whether its token is good, where its webhooks go, and whether they are on.
import type { Context } from '../context.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { createMetaClient, type GraphAnswer, type MetaClient } from '../meta/client.ts';
import { listApps, type AppListing } from '../organisations/apps.ts';
import { createNumberDirectory } from '../organisations/number-directory.ts';
import { listNumbers, type BusinessNumber, type NumberListing } from '../organisations/numbers.ts';
import { listOrganisations } from '../organisations/organisations.ts';
import { isReachable } from './describe-places.ts';
import type { Finding } from './finding.ts';

export async function examineNumbers(ctx: Context, { answers }: { answers: boolean }): Promise<Finding[]> {
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
  const apps = new Map((await listApps(ctx)).map((app) => [app.id, app]));
  const meta = createMetaClient({
    graphUrl: ctx.config.graphUrl,
    connections: 2,
    timeoutMs: ctx.config.times.callTimeoutMs,
    clock: ctx.clock,
  });
  try {
    const findings: Finding[] = [];
    for (const listing of numbers) {
      const number = directory.knownNumber(listing.organisationId, listing.phoneNumberId);
      if (!number || number.accessToken === '') findings.push(unopened(listing));
      else if (!answers) findings.push(notAsked(number));
      else {
        const door = doorOf(ctx.config.publicUrl, apps.get(number.appId));
        findings.push(...(await examineNumber(meta, number, door)));
      }
    }
    return findings;
  } finally {
    await meta.close();
  }
}

/** Where the webhooks of a number may come to: the default app has two addresses. */
interface Door {
  publicUrl: string;
  addresses: readonly string[];
}

function doorOf(publicUrl: string, app: AppListing | undefined): Door {
  const plain = `${publicUrl}/webhooks/meta`;
  if (!app) return { publicUrl, addresses: [plain] };
  const own = `${plain}/${app.id}`;
  return { publicUrl, addresses: app.isDefault ? [plain, own] : [own] };
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

function notAsked({ phoneNumberId }: BusinessNumber): Finding {
  return {
    name: phoneNumberId,
    state: 'warning',
    says: 'not asked: Meta does not answer',
    todo: 'Ask again when it does: the token may well be good.',
  };
}

async function examineNumber(meta: MetaClient, number: BusinessNumber, door: Door): Promise<Finding[]> {
  const { phoneNumberId, accessToken, status, statusReason } = number;
  const name = phoneNumberId;
  const answer = await meta.call({
    method: 'GET',
    accessToken,
    path: `${phoneNumberId}?fields=id,display_phone_number,webhook_configuration`,
  });
  if (answer.kind === 'failed')
    return [
      {
        name,
        state: 'warning',
        says: `Meta gives no answer about it: ${answer.reason}`,
        todo: 'Ask again in a moment: the token may well be good.',
      },
    ];
  if (answer.kind === 'refused')
    return [
      {
        name,
        state: 'failed',
        says: `Meta does not take its token: ${said(answer)}`,
        todo: `Give it a new one: kurir numbers set ${phoneNumberId} --token-file -`,
      },
    ];
  // Only of a number that Meta answers for: each fault is told once, with its own remedy.
  const webhooks = [
    examineCallback(name, answer.body['webhook_configuration'], door),
    await examineWebhooks(meta, number),
  ];
  if (status === 'connected') return [{ name, state: 'ok', says: 'its token is good' }, ...webhooks];
  const usable: Finding = {
    name,
    state: 'warning',
    says: `its token is good, but it is ${status}${statusReason === null ? '' : ` (${statusReason})`}`,
    todo: 'Look at it in Meta’s Business Manager.',
  };
  return [usable, ...webhooks];
}

// The number's own callback goes before the one of its WABA, and that before the app's.
function examineCallback(
  name: string,
  configuration: Json | undefined,
  { publicUrl, addresses }: Door,
): Finding {
  const { level, callback } = callbackIn(isObject(configuration) ? configuration : {});
  const [wanted = ''] = addresses;
  const todo = `Set the callback URL to ${wanted} in Meta's app dashboard${level === undefined || level === 'application' ? '' : `, or remove the one that overrides it (${level})`}; or set KURIR_PUBLIC_URL, if ${publicUrl} is not where this gateway is reached.`;
  if (callback === undefined)
    return { name, state: 'warning', says: 'Meta names no callback URL for its webhooks', todo };
  if (addresses.includes(callback.replace(/\/+$/, '')))
    return { name, state: 'ok', says: `its webhooks come to ${callback}` };
  // An address nobody chose is no ground for a verdict.
  const state = isReachable(publicUrl) ? 'failed' : 'warning';
  return { name, state, says: `its webhooks go to ${callback} (${level}), not to ${wanted}`, todo };
}

function callbackIn(configuration: JsonObject): { level?: string; callback?: string } {
  for (const level of ['phone_number', 'whatsapp_business_account', 'application']) {
    const callback = configuration[level];
    if (typeof callback === 'string') return { level, callback };
  }
  return {};
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
      todo:
        answer.kind === 'refused'
          ? 'Give the token the permission whatsapp_business_management.'
          : 'Ask again in a moment.',
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
