// Starts the simulator alone: prints where it listens and what to try, and runs until it is told to stop.
import { devSeed } from './dev-seed.ts';
import { settingsFromEnv, USAGE } from './settings-from-env.ts';
import { startSimulator } from './simulator.ts';
import type { SimulatorSettings } from './settings.ts';

await main().catch((error: unknown) => {
  process.stderr.write(
    `The simulator does not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.argv.slice(2), process.env);
  if (settings === null) {
    process.stdout.write(USAGE);
    return;
  }
  const simulator = await startSimulator(settings);
  process.stdout.write(greeting(simulator.url, settings));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void simulator.close().then(() => process.exit(0)));
  }
}

function greeting(
  url: string,
  { tokens = [], appSecret, verifyToken, callbackUrl }: SimulatorSettings,
): string {
  const { phoneNumberId, displayPhoneNumber } = devSeed.numbers[0];
  const token = tokens[0] ?? '';
  const auth = `-H 'authorization: Bearer ${token}' -H 'content-type: application/json'`;
  const text = `{"messaging_product":"whatsapp","to":"628111111111","type":"text","text":{"body":"Halo"}}`;
  return `
  The simulator of WhatsApp's Cloud API listens on ${url}

    number        ${phoneNumberId} (${displayPhoneNumber})    WABA ${devSeed.wabaId}
    token         ${token}
    app secret    ${appSecret}
    verify token  ${verifyToken}
    webhooks to   ${callbackUrl ?? 'nowhere yet: --callback http://127.0.0.1:3000/webhook'}

  Send, look, and answer as the customer:

    curl ${url}/v24.0/${phoneNumberId}/messages ${auth} -d '${text}'
    curl '${url}/_sim/v1/messages?to=628111111111'
    curl ${url}/_sim/v1/phones/628111111111/send -H 'content-type: application/json' -d '{"type":"text","text":"Ya"}'

`;
}
