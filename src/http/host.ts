import type { Config } from '#config.ts';

/** Names under which a server on one's own machine is visited, whichever of them its origin has. */
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?=:|$)/;

/**
 * Whether a Host header names the configured origin; the default port may be left out or written. A server whose origin is `localhost`
 * also answers under the loopback's addresses: its links say `localhost` all the same.
 */
export function isOurHost(header: string | undefined, { origin, host }: Pick<Config, 'origin' | 'host'>): boolean {
  if (header === undefined) return false;
  const defaultPort = origin.startsWith('https:') ? ':443' : ':80';
  const asked = header.toLowerCase().replace(new RegExp(`${defaultPort}$`), '');
  return asked === host || (host.startsWith('localhost') && asked.replace(LOOPBACK, 'localhost') === host);
}
