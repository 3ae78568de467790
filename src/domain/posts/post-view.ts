import type { Ctx } from '#context.ts';
import type { Db } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { listAccounts, listNamedAccounts, type NamedAccount } from '#domain/accounts/account-store.ts';
import { listFavouritedIds } from '#domain/posts/favourite-store.ts';
import { listHashtags, type PostHashtag } from '#domain/posts/hashtag-store.ts';
import { listMentions } from '#domain/posts/mention-store.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import { listPosts, listRebloggedIds, listShown, type ShownRow } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';

/** Everything a presenter shows of a post: the read model shared by ActivityStreams, HTML and the client API. */
export interface PostView {
  post: Post;
  account: Account;
  /** The post a reblog shows. */
  reblogOf: PostView | undefined;
  /** The post answered to, where the viewer may see it and it is somebody else's. */
  inReplyTo: { id: number; version: number; account: Account } | undefined;
  /** No more of them than a post shows: it names up to fifty, of whom each may have a long profile. */
  mentions: readonly NamedAccount[];
  hashtags: readonly PostHashtag[];
  /** What the viewer did to it; nothing for nobody. */
  viewer: { favourited: boolean; reblogged: boolean } | undefined;
}

type ViewContext = Pick<Ctx, 'db' | 'blockedHosts'>;

/**
 * Views of `posts`, in their order, in a fixed number of queries. Whether the viewer may see them was asked before; posts whose account
 * or original is gone are left out, and reblogs that would bring back what is of a domain that was blocked since.
 */
export async function viewPosts(
  { db, blockedHosts }: ViewContext,
  viewer: Viewer,
  posts: readonly Post[],
): Promise<PostView[]> {
  const originals = await listPosts(db, distinct(posts.map((post) => post.reblogOfId)));
  const all = [...posts, ...originals];
  const ids = all.map((post) => post.id);
  const mentions = await listMentions(db, ids);
  const answered = await listAnswered(db, viewer, all);
  const named = [...all, ...answered.values()].map(({ accountId }) => accountId);
  const accounts = byId(await listAccounts(db, distinct(named)));
  const hashtags = Map.groupBy(await listHashtags(db, ids), (tag) => tag.postId);
  const mentioned = byId(await listNamedAccounts(db, distinct(mentions.map(({ accountId }) => accountId))));
  const mentionsOf = Map.groupBy(mentions, (mention) => mention.postId);
  const acted = viewer === undefined ? undefined : await listActions(db, viewer, ids);
  const originalOf = byId(originals);

  const isOfBlockedDomain = (account: Account) => !isLocal(account) && blockedHosts.covers(account.host);

  const view = (post: Post): PostView | undefined => {
    const account = accounts.get(post.accountId);
    const original = post.reblogOfId === undefined ? undefined : originalOf.get(post.reblogOfId);
    const shown = original && original.deletedAt === undefined ? view(original) : undefined;
    const reblogOf = shown && isOfBlockedDomain(shown.account) ? undefined : shown;
    if (!account || account.deletedAt !== undefined || (post.reblogOfId !== undefined && !reblogOf)) return undefined;
    const parent = answered.get(post.inReplyToId ?? 0);
    const asked = parent && accounts.get(parent.accountId);
    return {
      post,
      account,
      reblogOf,
      inReplyTo:
        parent && asked && asked.deletedAt === undefined
          ? { id: parent.id, version: parent.version, account: asked }
          : undefined,
      mentions: (mentionsOf.get(post.id) ?? []).flatMap((mention) => mentioned.get(mention.accountId) ?? []),
      hashtags: hashtags.get(post.id) ?? [],
      viewer: acted && { favourited: acted.favourited.has(post.id), reblogged: acted.reblogged.has(post.id) },
    };
  };
  return posts.flatMap((post) => view(post) ?? []);
}

/** @returns undefined where `viewPosts` would leave it out. */
export async function viewPost(ctx: ViewContext, viewer: Viewer, post: Post): Promise<PostView | undefined> {
  return (await viewPosts(ctx, viewer, [post]))[0];
}

/** What these posts answer of others, as far as the viewer may see it: a link to what one may not see would say that it is there. */
async function listAnswered(db: Db, viewer: Viewer, posts: readonly Post[]): Promise<Map<number, ShownRow>> {
  const ofOthers = posts.filter((post) => post.inReplyToAccountId !== post.accountId);
  const wanted = distinct(ofOthers.map((post) => post.inReplyToId));
  if (wanted.length === 0) return new Map();
  const here = byId(posts.filter((post) => post.deletedAt === undefined));
  const elsewhere = await listShown(
    db,
    viewer,
    wanted.filter((id) => !here.has(id)),
  );
  return byId([...wanted.flatMap((id) => here.get(id) ?? []), ...elsewhere]);
}

async function listActions(db: Db, viewer: number, postIds: readonly number[]) {
  return {
    favourited: new Set(await listFavouritedIds(db, viewer, postIds)),
    reblogged: new Set(await listRebloggedIds(db, viewer, postIds)),
  };
}

function distinct(ids: readonly (number | undefined)[]): number[] {
  return [...new Set(ids.filter((id) => id !== undefined))];
}

function byId<T extends { id: number }>(rows: readonly T[]): Map<number, T> {
  return new Map(rows.map((row) => [row.id, row]));
}
