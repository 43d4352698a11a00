// May a subscription have this URL? Asked when it is made, so that a mistake is said at once. It guards nothing by itself: what a name
// leads to may change, and every connection is judged again (post.ts).
import { isIP } from 'node:net';

import type { Config } from '../config/config.ts';
import { KurirError } from '../kernel/errors.ts';
import { createAddressGuard, type AddressVerdict } from './guard-address.ts';
import { createLookUp, type LookUp } from './look-up.ts';

const URL_CHARACTERS_MAX = 2_048;
const LOWEST_FREE_PORT = 1_024;
const LOOK_UP_MS = 3_000;

// One for all, so that what is asked at the same time is asked once.
const systemLookUp = createLookUp();

/** The URL as it will be called; throws `invalid_webhook_url`. */
export async function checkWebhookUrl(
  text: string,
  config: Pick<Config, 'webhookAllow'>,
  lookUp: LookUp = systemLookUp,
): Promise<URL> {
  const url = readUrl(text);
  const guard = createAddressGuard(config.webhookAllow);
  const host = hostOf(url);
  const addresses = isIP(host) === 0 ? await addressesOf(host, lookUp) : [host];
  const verdicts = addresses.map((address) => guard.judge(address));
  if (verdicts.includes('refused')) throw invalid(whyRefused(host));
  if (url.protocol === 'http:' && !isAllAllowed(verdicts)) {
    throw invalid('`url` must begin with https://: what is told holds what customers wrote.');
  }
  return url;
}

/** The host without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function readUrl(text: string): URL {
  if (text.length > URL_CHARACTERS_MAX) {
    throw invalid(`\`url\` has ${text.length} characters; it may have ${URL_CHARACTERS_MAX}.`);
  }
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.hostname === '') {
    throw invalid('`url` must be a whole address, such as https://example.com/webhooks.');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('`url` may hold no user name or password: verify the signature of what comes instead.');
  }
  if (text.includes('#')) throw invalid('`url` may have no fragment (#…): leave it out.');
  if (!isPortTaken(url.port)) {
    throw invalid(
      `\`url\` has port ${url.port}; it may be 80, 443, or any from ${LOWEST_FREE_PORT} upwards.`,
    );
  }
  return url;
}

// Below 1024 stand SSH, mail and other services that no webhook is meant for.
function isPortTaken(port: string): boolean {
  return ['', '80', '443'].includes(port) || Number(port) >= LOWEST_FREE_PORT;
}

// A name that leads nowhere now is no mistake: its record may be about to be made, and the name servers may be away. What cannot be
// reached in the end fails as a delivery, which says so.
async function addressesOf(name: string, lookUp: LookUp): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), LOOK_UP_MS);
  });
  const known = lookUp(name).catch(() => []);
  return Promise.race([known, late]).finally(() => clearTimeout(timer));
}

function isAllAllowed(verdicts: AddressVerdict[]): boolean {
  return verdicts.length > 0 && verdicts.every((one) => one === 'allowed');
}

function whyRefused(host: string): string {
  const what =
    isIP(host) === 0
      ? `\`url\` leads to an address that is not public`
      : `\`url\` names ${host}, which is not a public address`;
  return `${what}; give one that is reached from the internet, or have the operator allow the network (KURIR_WEBHOOK_ALLOW).`;
}

function invalid(message: string): KurirError {
  return new KurirError('invalid_webhook_url', message, { param: 'url' });
}
