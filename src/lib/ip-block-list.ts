import { BlockList, isIP } from 'node:net';

/**
 * IPv4 ranges that are not public servers: the IANA special-purpose registry, multicast, the reserved class E.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, among it the clouds' metadata service
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, deprecated
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4',
  '240.0.0.0/4', // with 255.255.255.255
];

/**
 * IPv6 is turned round: only 2000::/3 is handed out as global unicast, so all the rest is refused in three strokes.
 * These hold ::1, the IPv4-mapped and IPv4-compatible addresses, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), 100::/64,
 * unique local, link-local, site-local and multicast addresses. Then come the exceptions inside 2000::/3.
 */
const NOT_PUBLIC_V6 = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23', // IETF protocol assignments: Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address in disguise
  '3fff::/20', // documentation
];

// One list per family, because a BlockList matches IPv4 addresses against IPv6 ranges as well (all of them lie in ::/3).
const notPublicV4 = buildBlockList(NOT_PUBLIC_V4);
const notPublicV6 = buildBlockList(NOT_PUBLIC_V6);

/** A list of addresses and ranges in CIDR notation. Throws a TypeError for anything else. */
export function buildBlockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    if (family === 0) throw new TypeError(`Not an IP address or range: ${entry}`);
    const familyName = family === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, familyName);
    else list.addSubnet(address, Number(prefix), familyName);
  }
  return list;
}

export function isInList(list: BlockList, address: string): boolean {
  const family = isIP(address);
  // `BlockList.check` answers false for what it cannot read, and for an address with a zone (fe80::1%eth0).
  if (family === 0 || address.includes('%')) return false;
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether an address can belong to a server on the public internet. False for whatever is not an address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  return family === 4 ? !notPublicV4.check(address, 'ipv4') : !notPublicV6.check(address, 'ipv6');
}
