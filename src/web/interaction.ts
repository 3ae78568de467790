import { findAccount, findAccountByUri } from '#domain/accounts/account-store.ts';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByName } from '#domain/accounts/find-account.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { findPost, findPostByUri } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { viewPost } from '#domain/posts/post-view.ts';
import { parseLocalUrl } from '#domain/urls.ts';
import { readQuery } from '#http/query.ts';
import { originOf, parseHandle } from '#lib/host.ts';
import { toPostCard } from '#web/cards.ts';
import { composeForm } from '#web/compose.ts';
import { showPage } from '#web/page.ts';
import { toProfile } from '#web/profile.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

/**
 * Where other servers send people of ours who clicked on "follow" or "reply" there: shows the account or post, with what can be done.
 * Only for people signed in, because it makes us ask other servers.
 */
export async function showInteraction(http: WebContext): Promise<void> {
  const viewer = viewerOf(http);
  const { ctx, visit } = http.state;
  const uri = (readQuery(http).get('uri') ?? '').trim();
  const found = uri === '' ? undefined : await find(http, uri);
  const view = found?.post && (await viewPost(ctx.db, viewer.account.id, found.post));
  const isFound = view !== undefined || found?.account !== undefined;
  const heading = isFound ? visit.t.interact.title : visit.t.interact.find;
  showPage(http, {
    view: 'interact',
    title: heading,
    status: uri === '' || isFound ? 200 : 404,
    isRefused: uri !== '' && !isFound,
    data: {
      heading,
      uri,
      wrong: uri === '' || isFound ? '' : `${visit.t.interact.none} ${visit.t.interact.noneHelp}`,
      post: view && toPostCard(http, view),
      compose: view && composeForm(http, { parent: view }),
      profile: found?.account && (await toProfile(http, found.account)),
    },
    head: { robots: 'noindex' },
  });
}

async function find(http: WebContext, uri: string): Promise<{ account?: Account; post?: Post } | undefined> {
  const { ctx, site, visit } = http.state;
  const viewerId = visit.viewer!.account.id;
  const known = (await findLocal(http, uri)) ?? (await findKnown(http, uri));
  if (known?.account && known.account.deletedAt === undefined) return known;
  if (known?.post && known.post.deletedAt === undefined && (await canSee(ctx.db, viewerId, known.post))) return known;
  const isUrl = originOf(uri) !== undefined;
  if (known || originOf(uri) === ctx.config.origin || (!isUrl && parseHandle(uri)?.host === undefined))
    return undefined;
  site.limits.outgoing.take(`account ${viewerId}`);
  const accountId = await ctx.lookup.account(uri.replace(/^acct:/i, '').replace(/^@/, ''));
  const account = accountId === undefined ? undefined : await findAccount(ctx.db, accountId);
  if (account && account.deletedAt === undefined) return { account };
  const postId = isUrl ? await ctx.lookup.post(uri) : undefined;
  const post = postId === undefined ? undefined : await findPost(ctx.db, postId);
  return post && post.deletedAt === undefined && (await canSee(ctx.db, viewerId, post)) ? { post } : undefined;
}

/** What has one of our own addresses, or a name that is known here. */
async function findLocal({ state }: WebContext, uri: string): Promise<{ account?: Account; post?: Post } | undefined> {
  const { ctx } = state;
  const named = parseLocalUrl(ctx.config, uri);
  if (named && 'accountId' in named) return optional('account', await findAccount(ctx.db, named.accountId));
  if (named && 'postId' in named) return optional('post', await findPost(ctx.db, named.postId));
  const handle = named?.handle ?? parseHandle(uri);
  return handle && optional('account', await findAccountByName(ctx, handle));
}

/** What another server calls by this address and is known here already. */
async function findKnown({ state }: WebContext, uri: string): Promise<{ account?: Account; post?: Post } | undefined> {
  const { db } = state.ctx;
  return optional('post', await findPostByUri(db, uri)) ?? optional('account', await findAccountByUri(db, uri));
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> | undefined {
  return value === undefined ? undefined : ({ [key]: value } as Partial<Record<K, V>>);
}
