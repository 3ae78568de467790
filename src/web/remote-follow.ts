import { type Account, isLocal } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';
import { csrfToken } from '#http/csrf.ts';
import { readForm } from '#http/form.ts';
import { placeOf } from '#http/rate-limit.ts';
import { PAGE_CSP } from '#http/security-headers.ts';
import { parseHandle } from '#lib/host.ts';
import { fullHandle, nameOf, profilePath, toAccountCard } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { seeOther, showPage } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

/** Browsers hold a form's redirects to this rule too, and this form's leads to the server of whoever fills it in. */
const CSP = PAGE_CSP.replace("form-action 'self'", "form-action 'self' https: http:");

/** How to follow a local account from another server. */
export async function showRemoteFollow(http: WebContext, failed?: { typed: string; message: string }): Promise<void> {
  const account = await followedOf(http);
  if (!account) return;
  const { t, viewer } = http.state.visit;
  if (viewer) return seeOther(http, profilePath(account));
  showPage(http, {
    view: 'remote-follow',
    title: t.follow.title(nameOf(account)),
    isRefused: failed !== undefined,
    csp: CSP,
    data: {
      csrf: csrfToken(http),
      heading: t.follow.title(nameOf(account)),
      intro: t.follow.intro(fullHandle(http, account)),
      account: toAccountCard(http, account),
      signIn: `/sign-in?to=${encodeURIComponent(profilePath(account))}`,
      typed: failed?.typed ?? '',
      error: failed?.message ?? '',
    },
    head: { robots: 'noindex' },
  });
}

export async function handleRemoteFollow(http: WebContext): Promise<void> {
  const account = await followedOf(http);
  if (!account) return;
  const { ctx, site, visit, clientAddress } = http.state;
  const { t } = visit;
  const form = await readForm(http);
  const typed = form.text('account').slice(0, 300);
  const handle = parseHandle(typed);
  if (handle?.host === undefined) return showRemoteFollow(http, { typed, message: t.follow.invalid });
  if (handle.host === ctx.config.host) return seeOther(http, `/sign-in?to=${encodeURIComponent(profilePath(account))}`);
  site.limits.outgoing.take(`place ${placeOf(clientAddress)}`);
  const page = await ctx.lookup.followPage({ name: handle.name, host: handle.host }, account.uri);
  if (!page.ok) return showRemoteFollow(http, { typed, message: t.follow[page.reason](handle.host) });
  seeOther(http, page.url);
}

/** Only accounts here are followed from elsewhere by way of this page. */
async function followedOf(http: WebContext): Promise<Account | undefined> {
  const account = await accountOfPath(http, '/follow');
  if (account && !isLocal(account)) throw new NotFound('Page');
  return account;
}
