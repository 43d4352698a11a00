// The addresses of a name. `dns.lookup` alone would do, but it holds one of the process's four threads for as long as a name server
// likes: four names of a slow one would stop every look-up of the process, Meta's too. So name servers are asked over sockets, and the
// system (hosts file, search domains) only for what they do not know, two names at a time.
import { lookup, Resolver } from 'node:dns/promises';

import { isObject } from '../kernel/json.ts';

/** All addresses of a name; rejects where there are none. */
export type LookUp = (name: string) => Promise<string[]>;

const TRY_MS = 2_000;
const TRIES = 2;
const SYSTEM_AT_ONCE = 2;

/** Look-ups of one name at one time are one. `servers`: name servers other than the system's. */
export function createLookUp(servers?: string[]): LookUp {
  const askSystem = createSystemLookUp();
  const underWay = new Map<string, Promise<string[]>>();
  return (name) => {
    const present = underWay.get(name);
    if (present) return present;
    const asked = ask(name).finally(() => underWay.delete(name));
    underWay.set(name, asked);
    return asked;
  };

  async function ask(name: string): Promise<string[]> {
    if (!name.includes('.') || /(^|\.)localhost\.?$/.test(name)) return askSystem(name);
    // A new one each time (28 µs): a resolver keeps the name servers that the machine had when it was made.
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = [four, six].flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (addresses.length > 0) return addresses;
    const slow = [four, six].find((one) => one.status === 'rejected' && !isUnknownThere(one.reason));
    if (slow?.status === 'rejected') throw slow.reason;
    return askSystem(name);
  }
}

// What is answered of a name that only the system may know, or comes where there is no name server. Not a server's silence or failure:
// the system would wait for it again, on a thread.
function isUnknownThere(error: unknown): boolean {
  const codes = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME', 'EFORMERR'];
  return isObject(error) && codes.some((code) => error['code'] === code);
}

function createSystemLookUp(): LookUp {
  let busy = 0;
  const waiting: (() => void)[] = [];
  return async (name) => {
    if (busy < SYSTEM_AT_ONCE) busy += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return (await lookup(name, { all: true })).map((one) => one.address);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy -= 1;
    }
  };
}
