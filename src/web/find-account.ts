import { type Account, isInstanceActor } from '#domain/accounts/account.ts';
import { findAccountByName } from '#domain/accounts/find-account.ts';
import { NotFound } from '#domain/errors.ts';
import { parseHandle } from '#lib/host.ts';
import { profilePath } from '#web/cards.ts';
import { Gone } from '#web/error-page.ts';
import type { WebContext } from '#web/site.ts';

/**
 * The account that an address names, local or known from elsewhere. Undefined when the address is another spelling of it: then the answer
 * is a redirect to the only one, so that no name has two pages (A79).
 * @throws NotFound, Gone
 */
export async function accountOfPath(http: WebContext, rest = ''): Promise<Account | undefined> {
  const { ctx } = http.state;
  const written = http.params['handle'] ?? '';
  const handle = parseHandle(`@${written}`);
  if (!handle) throw new NotFound('Account');
  const account = await findAccountByName(ctx, handle);
  if (!account) throw new NotFound('Account');
  if (account.deletedAt !== undefined) throw new Gone();
  // The server's own account has nothing to say of itself that is not on the page about it.
  const isServer = isInstanceActor(account);
  const path = isServer ? '/about' : profilePath(account) + rest;
  if (!isServer && profilePath(account) === `/@${written}`) return account;
  http.status = isServer ? 302 : 301;
  http.redirect(path + (isServer ? '' : http.search));
  return undefined;
}
