import type { Config } from '#config.ts';

/** Whether a Host header names the configured origin; the port may be left out, or written although it is the default. */
export function isOurHost(header: string | undefined, { origin, host }: Pick<Config, 'origin' | 'host'>): boolean {
  const asked = header?.toLowerCase();
  if (asked === host) return true;
  return asked === `${host}:${origin.startsWith('https:') ? 443 : 80}` && !/:\d+$/.test(host);
}
