import type { Config } from '#config.ts';
import { hostnameOf, isLoopback } from '#lib/host.ts';

/**
 * Whether a Host header names the configured origin; the default port may be left out or written. A server whose origin is `localhost`
 * also answers under the loopback's addresses: its links say `localhost` all the same.
 */
export function isOurHost(header: string | undefined, config: Pick<Config, 'scheme' | 'host'>): boolean {
  return header === config.host || matchHost(header, config) !== 'other';
}

/** Whether a Host header is the loopback's other name for the origin. A browser keeps cookies for it apart, and forms do not work there. */
export function isAliasOfHost(header: string | undefined, config: Pick<Config, 'scheme' | 'host'>): boolean {
  return header !== config.host && matchHost(header, config) === 'alias';
}

function matchHost(
  header: string | undefined,
  { scheme, host }: Pick<Config, 'scheme' | 'host'>,
): 'same' | 'alias' | 'other' {
  if (header === undefined) return 'other';
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  const lower = header.toLowerCase();
  const asked = lower.endsWith(defaultPort) ? lower.slice(0, -defaultPort.length) : lower;
  if (asked === host) return 'same';
  if (hostnameOf(host) !== 'localhost') return 'other';
  const hostname = hostnameOf(asked);
  return isLoopback(hostname) && `localhost${asked.slice(hostname.length)}` === host ? 'alias' : 'other';
}
