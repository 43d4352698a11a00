// May this address be posted to? What is global unicast may; what the operator allowed (KURIR_WEBHOOK_ALLOW) may too, even without
// TLS; nothing else. IPv6 is asked the other way round than IPv4: only 2000::/3 is global at all, so that every way of wrapping an IPv4
// address (mapped, compatible, NAT64) falls outside of it. From IANA's registries of special-purpose addresses, November 2026.
import { BlockList, isIPv4, isIPv6 } from 'node:net';

import { readNetworks } from '../config/networks.ts';

/** `allowed`: in a network that the operator named. */
export type AddressVerdict = 'public' | 'allowed' | 'refused';

export interface AddressGuard {
  /** What is no address is refused. */
  judge(address: string): AddressVerdict;
}

// Clouds hand out credentials here: no allowed network, however wide, opens them. 169.254/16 and fe80::/10 are link-local, the rest
// Azure's, Alibaba's and Oracle's, and AWS's, Scaleway's and Google's over IPv6.
const METADATA =
  '169.254.0.0/16, fe80::/10, 168.63.129.16, 100.100.100.200, 192.0.0.192, fd00:ec2::/32, fd00:42::/32, fd20:ce::/32';

const SPECIAL_IPV4 = [
  '0.0.0.0/8', // this host
  '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16', // private
  '100.64.0.0/10', // behind a carrier's NAT
  '127.0.0.0/8', // loopback
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24', // documentation
  '192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24', // AS112, AMT: anycast, no receiver
  '192.88.99.0/24', // relays of 6to4
  '198.18.0.0/15', // benchmarks
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].join(', ');

const GLOBAL_IPV6 = '2000::/3';
const SPECIAL_IPV6 = [
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmarks, …
  '2001:db8::/32, 3fff::/20', // documentation
  '2002::/16', // 6to4: an IPv4 address inside
  '2620:4f:8000::/48', // AS112
].join(', ');

const METADATA_LIST = listOf(METADATA);
const SPECIAL_LIST = listOf(`${SPECIAL_IPV4}, ${SPECIAL_IPV6}`);
const GLOBAL_IPV6_LIST = listOf(GLOBAL_IPV6);

/** `allow`: networks as KURIR_WEBHOOK_ALLOW holds them. */
export function createAddressGuard(allow: string): AddressGuard {
  const allowed = listOf(allow);
  return {
    judge(address) {
      const family = familyOf(address);
      if (family === undefined || METADATA_LIST.check(address, family)) return 'refused';
      if (allowed.check(address, family)) return 'allowed';
      const global = family === 'ipv4' || GLOBAL_IPV6_LIST.check(address, family);
      return global && !SPECIAL_LIST.check(address, family) ? 'public' : 'refused';
    },
  };
}

// An address with a zone (fe80::1%eth0) is link-local by its nature, and BlockList answers false for it.
function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
}

// A BlockList looks through ::ffff:a.b.c.d at the networks of IPv4.
function listOf(networks: string): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of readNetworks(networks) ?? [])
    list.addSubnet(address, prefix, family);
  return list;
}
