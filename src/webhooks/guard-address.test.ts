import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';

import { createAddressGuard } from './guard-address.ts';

const guard = createAddressGuard('');

const REFUSED = {
  'this host': '0.0.0.0 0.1.2.3 :: 0:0:0:1::1',
  private: '10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd12:3456::1 fec0::1',
  'behind a carrier’s NAT': '100.64.0.1 100.127.255.255',
  loopback: '127.0.0.1 127.255.255.254 ::1',
  'link-local': '169.254.0.1 fe80::1 fe80::5efe:7f00:1 fe80::1%eth0 2a00::1%eth0',
  metadata:
    '169.254.169.254 169.254.170.2 168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254 fd20:ce::254 fd00:42::42 fe80::a9fe:a9fe',
  assignments: '192.0.0.1 192.31.196.1 192.52.193.1 192.175.48.1 2001:1ff:ffff::1 2620:4f:8000::1 5f00::1',
  documentation: '192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 2001:10::1 2001:20::1',
  benchmarks: '198.18.0.1 198.19.255.255 2001:2::1',
  'multicast, discard': '224.0.0.1 239.255.255.255 ff02::1 ff0e::1 100::1 100:0:0:1::1',
  'reserved, given to nobody': '240.0.0.1 255.255.255.255 4000::1 8000::1 1fff:ffff::1 e000::1',
  'IPv4 in IPv6, mapped or compatible':
    '::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1',
  'IPv4 in IPv6, translated or tunnelled':
    '64:ff9b::127.0.0.1 64:ff9b::808:808 64:ff9b:1::a00:1 2002:7f00:1:: 2002:808:808::1 192.88.99.1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2',
  'no address': 'localhost 127.1 2130706433 0x7f.0.0.1 [2a00::1] 8.8.8.8/32',
};

const PUBLIC = {
  'below and above what is special':
    '1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 168.63.129.17',
  IPv6: '2a00:1450:4001::200e 2606:4700::1111 2001:4860:4860::8888 2001:200::1 2003::1 2400:cb00::1',
};

test.each(addressesIn(REFUSED))('refused, %s: %s', (_what, address) => {
  expect(guard.judge(address)).toBe('refused');
});

test.each(addressesIn(PUBLIC))('public, %s: %s', (_what, address) => {
  expect(guard.judge(address)).toBe('public');
});

function addressesIn(table: Record<string, string>): [what: string, address: string][] {
  return Object.entries(table).flatMap(([what, list]) =>
    list.split(' ').map((address): [string, string] => [what, address]),
  );
}

describe('an allowed network', () => {
  const own = createAddressGuard('10.20.0.0/16, 127.0.0.1, fd12::/16');

  test.each([
    ['10.20.0.1', 'allowed'],
    ['10.20.255.255', 'allowed'],
    ['::ffff:10.20.0.1', 'allowed'],
    ['127.0.0.1', 'allowed'],
    ['fd12:1::1', 'allowed'],
    ['10.21.0.1', 'refused'],
    ['127.0.0.2', 'refused'],
    ['fd13::1', 'refused'],
    ['::1', 'refused'],
    ['8.8.8.8', 'public'],
  ])('%s is %s', (address, verdict) => {
    expect(own.judge(address)).toBe(verdict);
  });

  test.each([
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fe80::a9fe:a9fe',
    '::ffff:169.254.169.254',
  ])('however wide does not open %s, where clouds keep credentials', (address) => {
    expect(createAddressGuard('0.0.0.0/0,::/0').judge(address)).toBe('refused');
  });
});

// Another's table (ipaddr.js) knows the special ranges, but calls public what nobody was given yet, and Azure's metadata.
function isPublicToAnother(address: string): boolean {
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast' || address === '168.63.129.16') return false;
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parse('2000::'), 3);
}

/** Anywhere, and close to the borders of what is special. */
const anyIpv4 = fc
  .oneof(
    fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(
      fc.constantFrom(
        0,
        9,
        10,
        11,
        100,
        126,
        127,
        128,
        168,
        169,
        172,
        192,
        198,
        203,
        223,
        224,
        239,
        240,
        255,
      ),
      fc.constantFrom(
        0,
        1,
        15,
        16,
        17,
        18,
        19,
        20,
        31,
        32,
        51,
        52,
        63,
        64,
        88,
        127,
        128,
        167,
        168,
        169,
        175,
        253,
        254,
        255,
      ),
      fc.constantFrom(0, 1, 2, 3, 48, 49, 99, 100, 113, 129, 169, 193, 196, 255),
      fc.constantFrom(0, 1, 16, 254, 255),
    ),
  )
  .map((bytes) => bytes.join('.'));

const group = fc.nat(0xffff);
const anyIpv6 = fc
  .oneof(
    fc.array(group, { minLength: 8, maxLength: 8 }),
    fc.tuple(
      fc.constantFrom(
        0,
        0x64,
        0x100,
        0x1fff,
        0x2000,
        0x2001,
        0x2002,
        0x2003,
        0x2620,
        0x2a00,
        0x3ffe,
        0x3fff,
        0x4000,
        0x5f00,
        0xfbff,
        0xfc00,
        0xfd00,
        0xfe80,
        0xfec0,
        0xff02,
      ),
      fc.constantFrom(
        0,
        1,
        2,
        3,
        4,
        0x10,
        0x1f,
        0x20,
        0x2f,
        0x30,
        0x4f,
        0x1ff,
        0x200,
        0xdb8,
        0xdb9,
        0xfff,
        0x1000,
        0xff9b,
        0xffff,
      ),
      fc.constantFrom(0, 1, 0x112, 0x8000, 0xffff),
      fc.constantFrom(0, 1, 0xffff),
      fc.constantFrom(0, 0xffff),
      fc.constantFrom(0, 0xffff),
      group,
      group,
    ),
  )
  .map((groups) => groups.map((one) => one.toString(16)).join(':'));

test.each([
  ['IPv4', anyIpv4],
  ['IPv6', anyIpv6],
])('only global unicast passes: a random %s address is judged as another’s table does', (_family, any) => {
  fc.assert(
    fc.property(any, (address) => {
      expect(guard.judge(address), address).toBe(isPublicToAnother(address) ? 'public' : 'refused');
    }),
    { numRuns: 5_000 },
  );
});
