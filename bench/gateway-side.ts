// The gateway under test, as its own process: one node on an empty database, an organisation with a key, an app and the numbers of the
// base cell without a pace, all made through the rooms' verbs; its customers have written, so that their windows are open.
import { createHmac } from 'node:crypto';

import { readConfig } from '../src/config/config.ts';
import { createGateway, openContext, type GatewayInput } from '../src/gateway.ts';
import { createKey } from '../src/organisations/api-keys.ts';
import { addApp } from '../src/organisations/apps.ts';
import { addNumber, setNumber } from '../src/organisations/numbers.ts';
import { createOrganisation } from '../src/organisations/organisations.ts';
import { migrate } from '../src/storage/migrate.ts';
import { APP_SECRET, GRAPH_TOKEN, numberOf, NUMBERS, RECIPIENTS, recipientOf, WABA_ID } from './setting.ts';
import { serveSide, sideInput } from './side.ts';

const { databaseUrl, graphUrl } = sideInput();
const { config, secrets } = readConfig(
  {
    KURIR_SECRET: 'a secret of the bench, long enough for all',
    DATABASE_URL: databaseUrl,
    KURIR_GRAPH_URL: graphUrl,
    PORT: '0',
    // The bench measures what the gateway can do, not what an organisation may.
    KURIR_WRITE_PER_MINUTE: '1000000000',
  },
  'production',
);
if (!secrets) throw new Error('The bench gives a secret.');
const input: GatewayInput = { config, secrets, databaseUrl, nodeId: 'node-bench' };
const apiKey = await seed();
const gateway = await createGateway(input);
await openWindows(gateway.url);
serveSide(
  {
    url: gateway.url,
    apiKey,
    countRead: `select count(*)::int as count from message_states where state = 'read'`,
  },
  () => gateway.close(),
);

async function seed(): Promise<string> {
  const ctx = openContext(input);
  await migrate(ctx.db);
  const { id: organisationId } = await createOrganisation(ctx, { name: 'Bench' });
  await addApp(ctx, { name: 'Bench', appSecret: APP_SECRET, verifyToken: 'the-verify-token-of-the-bench' });
  for (const { phoneNumberId, phone } of NUMBERS) {
    await addNumber(ctx, {
      organisationId,
      phoneNumberId,
      wabaId: WABA_ID,
      token: GRAPH_TOKEN,
      check: async () => ({ kind: 'found', phone, displayPhoneNumber: `+${phone}`, verifiedName: 'Bench' }),
    });
    await setNumber(ctx, { organisationId, phoneNumberId, pace: null });
  }
  const { key } = await createKey(ctx, { organisationId, label: 'bench' });
  await ctx.db.close();
  return key;
}

// Each customer writes once to the number that will write to him: signed webhooks, as Meta would send them.
async function openWindows(url: string): Promise<void> {
  const places = Array.from({ length: RECIPIENTS }, (_, place) => place);
  for (const { phoneNumberId, phone } of NUMBERS) {
    const messages = places
      .filter((place) => numberOf(place).phoneNumberId === phoneNumberId)
      .map((place) => ({
        id: `wamid.BENCH${String(place).padStart(20, '0')}`,
        from: recipientOf(place),
        timestamp: String(Math.floor(Date.now() / 1_000)),
        type: 'text',
        text: { body: 'Halo' },
      }));
    const metadata = { display_phone_number: phone, phone_number_id: phoneNumberId };
    const value = { messaging_product: 'whatsapp', metadata, messages };
    const entry = [{ id: WABA_ID, changes: [{ field: 'messages', value }] }];
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry });
    const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
    const answer = await fetch(`${url}/webhooks/meta`, { method: 'POST', headers, body });
    if (!answer.ok)
      throw new Error(`The customers' messages were not taken: ${answer.status} ${await answer.text()}`);
  }
}
