// The gateway under test, as its own process. On an empty database it makes an organisation with a key, an app and the numbers, all
// through the rooms' verbs, and lets its customers write, so that their windows are open; another one joins it as a further node.
import { createHmac } from 'node:crypto';

import { readConfig } from '../src/config/config.ts';
import { openContext } from '../src/context.ts';
import { createGateway, type GatewayInput } from '../src/gateway.ts';
import { createKey } from '../src/organisations/api-keys.ts';
import { addApp } from '../src/organisations/apps.ts';
import { addNumber, setNumber } from '../src/organisations/numbers.ts';
import { createOrganisation } from '../src/organisations/organisations.ts';
import { migrate } from '../src/storage/migrate.ts';
import {
  APP_SECRET,
  EVERYBODY,
  GRAPH_TOKEN,
  numberAt,
  RECIPIENTS,
  recipientAt,
  VERIFY_TOKEN,
  WABA_ID,
  type BenchNumber,
} from './setting.ts';
import { serveSide, sideInput } from './side.ts';

const { databaseUrl, graphUrl, node, metaConnections, numbers, apiKey: knownKey, subscribers } = sideInput();
const { config, secrets } = readConfig(
  {
    KURIR_SECRET: 'a secret of the bench, long enough for all',
    DATABASE_URL: databaseUrl,
    KURIR_GRAPH_URL: graphUrl,
    PORT: '0',
    KURIR_META_CONNECTIONS: String(metaConnections),
    // The bench measures what the gateway can do, not what an organisation may.
    KURIR_WRITE_PER_MINUTE: '1000000000',
    KURIR_READ_PER_MINUTE: '1000000000',
    KURIR_WEBHOOK_ALLOW: '127.0.0.0/8',
  },
  'production',
);
if (!secrets) throw new Error('The bench gives a secret.');
const input: GatewayInput = { config, secrets, databaseUrl, nodeId: `node-bench-${node}` };
const all = numbers.flatMap(({ count, pace }) => Array.from({ length: count }, () => pace));
const apiKey = knownKey ?? (await seed());
if (knownKey !== undefined && node === 0) await setPaces();
const gateway = await createGateway(input);
if (knownKey === undefined) {
  await openWindows(gateway.url);
  for (const url of subscribers) await subscribe(url);
}
serveSide(
  {
    url: gateway.url,
    apiKey,
    countRead: `select count(*)::int as count from message_states where state = 'read'`,
    countTold: `select count(*)::int as count from deliveries where state = 'succeeded'`,
    countMisplaced: `select (greatest(count(*), 2) / 2 - count(*) filter (where owner = 'node-bench-1'))::int as count from lanes`,
  },
  () => gateway.close(),
);

async function seed(): Promise<string> {
  const ctx = openContext(input);
  await migrate(ctx.db);
  const { id: organisationId } = await createOrganisation(ctx, { name: 'Bench' });
  await addApp(ctx, { name: 'Bench', appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN });
  for (const [i, pace] of all.entries()) {
    const { phoneNumberId, phone } = numberAt(i);
    await addNumber(ctx, {
      organisationId,
      phoneNumberId,
      wabaId: WABA_ID,
      token: GRAPH_TOKEN,
      check: async () => ({ kind: 'found', phone, displayPhoneNumber: `+${phone}`, verifiedName: 'Bench' }),
    });
    await setNumber(ctx, { organisationId, phoneNumberId, pace });
  }
  const { key } = await createKey(ctx, { organisationId, label: 'bench' });
  await ctx.db.close();
  return key;
}

async function subscribe(url: string): Promise<void> {
  const answer = await fetch(`${gateway.url}/v1/webhook_subscriptions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url, events: ['message.status'] }),
  });
  if (!answer.ok) throw new Error(`A subscription was refused: ${answer.status} ${await answer.text()}`);
}

// A copied database has the numbers of the work that it was made for.
async function setPaces(): Promise<void> {
  const ctx = openContext(input);
  const ids = all.map((_, i) => numberAt(i).phoneNumberId);
  await ctx.db.query(
    `update numbers n set pace = t.pace from unnest($1::text[], $2::int[]) as t (id, pace) where n.phone_number_id = t.id`,
    [ids, all],
  );
  await ctx.db.close();
}

// Each customer writes once to the number that will write to him: signed webhooks, as Meta would send them.
async function openWindows(url: string): Promise<void> {
  const share = Math.ceil(RECIPIENTS / all.length);
  for (const index of all.keys()) {
    const audience = { ...EVERYBODY, first: index, count: 1, of: all.length };
    const recipients = Array.from({ length: share }, (_, place) => recipientAt(place, audience));
    await write(url, numberAt(index), recipients);
  }
}

async function write(url: string, to: BenchNumber, customers: readonly string[]): Promise<void> {
  const messages = customers.map((from) => ({
    id: `wamid.BENCH${to.phoneNumberId}${from}`,
    from,
    timestamp: String(Math.floor(Date.now() / 1_000)),
    type: 'text',
    text: { body: 'Halo' },
  }));
  const metadata = { display_phone_number: to.phone, phone_number_id: to.phoneNumberId };
  const value = { messaging_product: 'whatsapp', metadata, messages };
  const entry = [{ id: WABA_ID, changes: [{ field: 'messages', value }] }];
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry });
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  const answer = await fetch(`${url}/webhooks/meta`, { method: 'POST', headers, body });
  if (!answer.ok)
    throw new Error(`The customers' messages were not taken: ${answer.status} ${await answer.text()}`);
}
