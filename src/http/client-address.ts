import { BlockList, isIP } from 'node:net';

/** Finds out who asks: the nearest address in X-Forwarded-For that is not one of our own proxies; nobody else's header is believed. */
export function createClientAddress(
  trustedProxies: readonly string[],
): (remote: string, forwardedFor: string | undefined) => string {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) {
    const [address, prefix] = proxy.split('/') as [string, string | undefined];
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (remote, forwardedFor = '') => {
    const hops = forwardedFor
      .split(',')
      .map((hop) => plain(addressIn(hop)))
      .filter((hop) => hop !== '');
    let address = plain(remote);
    while (isTrusted(address) && hops.length > 0 && isIP(hops.at(-1)!) !== 0) address = hops.pop()!;
    return address;
  };
}

/**
 * The address in one element of the header, in the spellings that proxies have for it: with the port, in brackets, in quotation marks, with
 * the zone of a link-local address. What is no address stays as it is, and ends the way back.
 */
function addressIn(hop: string): string {
  const bare = hop
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .trim();
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(bare)?.[1];
  const host =
    bracketed ?? (/^\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}$/.test(bare) ? bare.slice(0, bare.lastIndexOf(':')) : bare);
  return host.replace(/%[\w.-]+$/, '');
}

/** IPv4 addresses as such, also where the socket shows them mapped into IPv6. */
function plain(address: string): string {
  return /^::ffff:/i.test(address) && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
