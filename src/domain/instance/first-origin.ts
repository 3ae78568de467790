import type { Config } from '#config.ts';
import type { Account } from '#domain/accounts/account.ts';
import { isLoopback } from '#lib/host.ts';

/**
 * The origin of the first start, where the configured one is another: all addresses in the database were made from it, so that under
 * another origin whatever is new would be somebody else's to others. Undefined where it fits, and between addresses of one's own machine:
 * nobody else reaches those, so that trying things out on another port does no harm. `instance` is the server's own account.
 */
export function conflictingOrigin(
  { origin }: Pick<Config, 'origin'>,
  instance: Pick<Account, 'uri'>,
): string | undefined {
  const first = new URL(instance.uri);
  if (first.origin === origin) return undefined;
  return isLoopback(first.hostname) && isLoopback(new URL(origin).hostname) ? undefined : first.origin;
}
