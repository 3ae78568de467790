import type { Config } from '#config.ts';
import { hostnameOf, isLoopback } from '#lib/host.ts';

/**
 * Whether a Host header names the configured origin; the default port may be left out or written. A server whose origin is `localhost`
 * also answers under the loopback's addresses: its links say `localhost` all the same.
 */
export function isOurHost(header: string | undefined, { origin, host }: Pick<Config, 'origin' | 'host'>): boolean {
  if (header === host) return true;
  if (header === undefined) return false;
  const defaultPort = origin.startsWith('https:') ? ':443' : ':80';
  const lower = header.toLowerCase();
  const asked = lower.endsWith(defaultPort) ? lower.slice(0, -defaultPort.length) : lower;
  if (asked === host || hostnameOf(host) !== 'localhost') return asked === host;
  const hostname = hostnameOf(asked);
  return isLoopback(hostname) && `localhost${asked.slice(hostname.length)}` === host;
}
