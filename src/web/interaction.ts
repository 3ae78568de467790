import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByName } from '#domain/accounts/find-account.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { parseLocalUrl } from '#domain/urls.ts';
import { readQuery } from '#http/query.ts';
import { originOf, parseHandle } from '#lib/host.ts';
import { fullHandle, nameOf, previewOf, toPostCard } from '#web/cards.ts';
import { composeForm, findParent } from '#web/compose.ts';
import { showPage } from '#web/page.ts';
import { toProfile } from '#web/profile.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

interface Found {
  account?: Account;
  post?: Post;
}

/**
 * Where other servers send people of ours who clicked on "follow" or "reply" there: shows the account or post, with what can be done.
 * Only for people signed in, because it makes us ask other servers.
 */
export async function showInteraction(http: WebContext): Promise<void> {
  viewerOf(http);
  const { t } = http.state.visit;
  const uri = (readQuery(http).get('uri') ?? '').trim();
  const found = uri === '' ? undefined : await find(http, uri);
  const account = found?.account?.deletedAt === undefined ? found?.account : undefined;
  const view = found?.post && (await findParent(http, found.post.id));
  const isMissing = uri !== '' && !account && !view;
  const title = account
    ? t.profile.title(nameOf(account), fullHandle(http, account))
    : view
      ? t.post.title(nameOf(view.account), previewOf(view.post, 60))
      : t.interact.find;
  showPage(http, {
    view: 'interact',
    title,
    status: isMissing ? 404 : 200,
    isRefused: isMissing,
    data: {
      title,
      uri,
      wrong: isMissing ? `${t.interact.none} ${t.interact.noneHelp}` : '',
      post: view && toPostCard(http, view),
      compose: view && (await composeForm(http, { parent: view })),
      profile: account && (await toProfile(http, account)),
    },
    head: { robots: 'noindex' },
  });
}

/** Whatever has this address or name, be it deleted or not for the viewer's eyes. Of what is not known here its server is asked. */
async function find(http: WebContext, uri: string): Promise<Found | undefined> {
  const { ctx, site } = http.state;
  const known = (await findLocal(http, uri)) ?? (await findKnown(http, uri));
  const isUrl = originOf(uri) !== undefined;
  if (known || originOf(uri) === ctx.config.origin || (!isUrl && parseHandle(uri)?.host === undefined)) return known;
  site.limits.outgoing.take(`account ${viewerOf(http).account.id}`);
  const accountId = await ctx.lookup.account(uri.replace(/^acct:/i, '').replace(/^@/, ''));
  if (accountId !== undefined) return optional('account', await findAccount(ctx.db, accountId));
  const postId = isUrl ? await ctx.lookup.post(uri) : undefined;
  return postId === undefined ? undefined : optional('post', await findPost(ctx.db, postId));
}

/** What has one of our own addresses, or a name that is known here. */
async function findLocal({ state }: WebContext, uri: string): Promise<Found | undefined> {
  const { ctx } = state;
  const named = parseLocalUrl(ctx.config, uri);
  if (named && 'accountId' in named) return optional('account', await findAccount(ctx.db, named.accountId));
  if (named && 'postId' in named) return optional('post', await findPost(ctx.db, named.postId));
  const handle = named?.handle ?? parseHandle(uri);
  return handle && optional('account', await findAccountByName(ctx, handle));
}

/** What another server calls by this address and is known here already. */
async function findKnown({ state }: WebContext, uri: string): Promise<Found | undefined> {
  const { db } = state.ctx;
  return optional('post', await findPostByUri(db, uri)) ?? optional('account', await findAccountByUri(db, uri));
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> | undefined {
  return value === undefined ? undefined : ({ [key]: value } as Partial<Record<K, V>>);
}
