// Networks as an operator writes them: addresses and CIDRs with commas between. Read here to be checked at the start, and by whoever
// asks whether an address is in one of them.
import { isIP } from 'node:net';

export interface Network {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** The networks of a list such as `10.0.0.0/8, fd12::/16`; undefined where one of them is none. */
export function readNetworks(text: string): Network[] | undefined {
  const networks = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(readNetwork);
  return networks.every((one) => one !== undefined) ? networks : undefined;
}

function readNetwork(text: string): Network | undefined {
  const [, address = '', bits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const widest = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? widest : Number(bits);
  return prefix > widest ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
