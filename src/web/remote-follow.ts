import { type Account, isLocal } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';
import { csrfToken } from '#http/csrf.ts';
import { readForm } from '#http/form.ts';
import { placeOf } from '#http/rate-limit.ts';
import { PAGE_CSP } from '#http/security-headers.ts';
import { originOf, parseHandle } from '#lib/host.ts';
import { fullHandle, nameOf, profilePath, toAccountCard } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { seeOther, showPage } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

/** Browsers hold a form's redirects to this rule too, and this form's leads to the server of whoever fills it in. */
const CSP = PAGE_CSP.replace("form-action 'self'", "form-action 'self' https: http:");
const SUBSCRIBE = 'http://ostatus.org/schema/1.0/subscribe';

/** How to follow a local account from another server. */
export async function showRemoteFollow(http: WebContext, failed?: { typed: string; message: string }): Promise<void> {
  const account = await followedOf(http);
  if (!account) return;
  const { t, viewer } = http.state.visit;
  if (viewer) return seeOther(http, profilePath(account));
  showPage(http, {
    view: 'remote-follow',
    title: t.follow.title(nameOf(account)),
    status: failed ? 422 : 200,
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
  const resource = `acct:${handle.name}@${handle.host}`;
  const scheme = ctx.config.federationPrivateHosts ? ctx.config.origin.split(':')[0] : 'https';
  const answer = await ctx.remote.getJrd(
    `${scheme}://${handle.host}/.well-known/webfinger?resource=${encodeURIComponent(resource)}`,
  );
  if (!answer.ok) return showRemoteFollow(http, { typed, message: t.follow.unreachable(handle.host) });
  const target = subscribeUrl(answer.json['links'], account.uri, ctx.config.federationPrivateHosts);
  if (target === undefined) return showRemoteFollow(http, { typed, message: t.follow.unsupported(handle.host) });
  seeOther(http, target);
}

/** Only accounts here are followed from elsewhere by way of this page. */
async function followedOf(http: WebContext): Promise<Account | undefined> {
  const account = await accountOfPath(http, '/follow');
  if (account && !isLocal(account)) throw new NotFound('Page');
  return account;
}

/** The page of the other server that follows `uri`, from the template in its WebFinger answer. It says what it likes: only https goes. */
function subscribeUrl(links: unknown, uri: string, allowsHttp: boolean): string | undefined {
  if (!Array.isArray(links)) return undefined;
  for (const link of links as unknown[]) {
    const { rel, template } = (link ?? {}) as { rel?: unknown; template?: unknown };
    if (rel !== SUBSCRIBE || typeof template !== 'string' || !template.includes('{uri}')) continue;
    const url = template.replaceAll('{uri}', encodeURIComponent(uri));
    const origin = originOf(url);
    if (origin?.startsWith('https:') || (allowsHttp && origin !== undefined)) return new URL(url).href;
  }
  return undefined;
}
