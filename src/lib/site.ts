import { isIP } from 'node:net';
import { hostnameOf, normalizeHost } from '#lib/host.ts';

/** Second-level names under which countries sell domains, as in `example.co.uk`. */
const SOLD_BELOW = new Set(
  'ac asso biz co com edu firm gen gob gouv gov id info ltd me mil ne net nom or org plc sch school web'.split(' '),
);

/**
 * The site a host is of: the domain that somebody registered, with whatever is below it and on whatever port. Whoever has a domain has as
 * many hosts as they like, so limits that strangers must not multiply count by site.
 *
 * An approximation, without the list of public suffixes, which is half a megabyte and never current: the last two labels, or three where
 * the second is one of those under which countries sell domains. Where it is wrong it takes neighbours for one site (the customers of a host
 * of blogs, those of a region's domain): they wait for each other, and a limit by site must never do more to anybody than that. Addresses
 * and names without a dot, of tests and private networks, are sites of their own with their port.
 */
export function siteOf(host: string): string {
  const normalized = normalizeHost(host) ?? host;
  const hostname = hostnameOf(normalized);
  const labels = hostname.split('.');
  if (labels.length === 1 || hostname.startsWith('[') || isIP(hostname) !== 0) return normalized;
  const isSoldBelow = labels.at(-1)!.length === 2 && SOLD_BELOW.has(labels.at(-2)!);
  return labels.slice(isSoldBelow ? -3 : -2).join('.');
}
