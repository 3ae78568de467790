import { createLru } from '#lib/lru.ts';
import { siteOf } from '#lib/site.ts';

/**
 * Hosts that have answered. Each is judged, and waits in line, by itself. All those of a site that never answered are taken together, on
 * whatever port: anybody can name any number of them, so they must not count as many; and as anybody can name what does not answer within
 * somebody else's site, they must not count against its hosts that do.
 */
export interface KnownHosts {
  has(host: string): boolean;
  add(host: string): void;
  /** What shares limits with this host: itself, or the unknown part of its site. */
  keyOf(host: string): string;
}

export function createKnownHosts(): KnownHosts {
  const hosts = createLru<string, true>({ maxEntries: 20_000 });
  const has = (host: string) => hosts.get(host) !== undefined;
  return {
    has,
    add: (host) => hosts.set(host, true),
    keyOf: (host) => (has(host) ? host : `*.${siteOf(host)}`),
  };
}

/** Host (and port) of a URL that may be anything. */
export function hostOfUrl(url: string): string {
  return URL.parse(url)?.host ?? '';
}
