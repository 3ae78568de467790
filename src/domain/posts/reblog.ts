import { type Ctx, inTransaction } from '#context.ts';
import { isLocal } from '#domain/accounts/account.ts';
import { addToCounters, getAccount } from '#domain/accounts/account-store.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import { fanOut } from '#domain/home/fan-out.ts';
import { deleteNotification } from '#domain/notifications/notification-store.ts';
import { notify } from '#domain/notifications/notify.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { canReblog } from '#domain/posts/post-policy.ts';
import { isRestricted, type Post, type ReblogPost, type Visibility } from '#domain/posts/post.ts';
import {
  addToPostCounters,
  findOriginal,
  findPost,
  findReblog,
  insertPost,
  markPostDeleted,
} from '#domain/posts/post-store.ts';
import { nextPostId } from '#domain/posts/store-post.ts';
import { localUrls } from '#domain/urls.ts';

/**
 * `accountId` shows a post to its own followers. Twice changes nothing. Restricted posts can be shown on by nobody but, for posts to
 * followers, their author.
 * @throws NotFound, NotAllowed.
 */
export async function reblog(
  ctx: Ctx,
  accountId: number,
  postId: number,
  { visibility = 'public' }: { visibility?: Visibility } = {},
): Promise<ReblogPost> {
  return inTransaction(ctx, async (tx) => {
    const original = await getRebloggable(tx, accountId, postId);
    const existing = await findReblog(tx.db, accountId, original.id);
    if (existing) return existing;
    const id = tx.ids.next();
    const uri = localUrls(ctx.config).postActivity(id);
    const stored = await storeReblog(tx, original, { id, accountId, uri, visibility, publishedAt: tx.now() });
    if (!stored) throw new Error(`Reblog ${id} was there already`);
    return stored;
  });
}

export interface ReceivedReblog {
  /** Of the Announce activity. */
  uri: string;
  visibility: Visibility;
  /** When it says it was published (epoch ms). */
  publishedAt: number;
}

/**
 * An account of another server shows a post to its followers, in a transaction. Twice changes nothing, also where the first was taken back.
 * @throws NotFound, NotAllowed.
 */
export async function receiveReblog(
  tx: Ctx,
  accountId: number,
  postId: number,
  received: ReceivedReblog,
): Promise<void> {
  const original = await getRebloggable(tx, accountId, postId);
  if (await findReblog(tx.db, accountId, original.id)) return;
  const id = await nextPostId(tx, received.publishedAt);
  await storeReblog(tx, original, { ...received, id, accountId });
}

/** @throws NotFound, NotAllowed. */
async function getRebloggable(tx: Ctx, accountId: number, postId: number): Promise<Post> {
  const original = await getVisibleOriginal(tx, accountId, postId);
  const author = await getAccount(tx.db, original.accountId);
  if (!isLocal(author) && tx.blockedHosts.covers(author.host)) throw new NotFound('Post');
  if (canReblog(accountId, original)) return original;
  throw new NotAllowed('This post is not for everybody, so it cannot be reblogged');
}

/** Writes a reblog and what depends on it. Undefined when a post with this uri is there already. */
async function storeReblog(
  tx: Ctx,
  original: Post,
  given: Pick<Post, 'id' | 'accountId' | 'uri' | 'visibility' | 'publishedAt'>,
): Promise<ReblogPost | undefined> {
  const account = await getAccount(tx.db, given.accountId);
  const version = tx.now();
  const stored = await insertPost(tx.db, {
    ...given,
    kind: 'reblog',
    url: original.url,
    visibility: original.visibility === 'followers' ? 'followers' : given.visibility,
    reblogOfId: original.id,
    version,
  });
  if (!stored) return undefined;
  await addToPostCounters(tx.db, original.id, { reblogs: 1, version });
  // Of what is not for everybody the time of the last post says nothing.
  const lastPostAt = isRestricted(stored.visibility) ? {} : { lastPostAt: stored.publishedAt };
  await addToCounters(tx.db, account.id, { posts: 1, ...lastPostAt, version });
  await fanOut(tx, account, stored);
  const author = await getAccount(tx.db, original.accountId);
  await notify(tx, { to: author, kind: 'reblog', from: account.id, postId: original.id });
  if (isLocal(account)) await tx.emit({ type: 'post.published', postId: stored.id });
  return { ...stored, reblogOfId: original.id };
}

/** Takes a reblog back, also where one may not see the post any more. Without one it changes nothing. */
export async function unreblog(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const original = await findOriginal(tx.db, postId);
    const row = original && (await findReblog(tx.db, accountId, original.id));
    if (row) await removeReblog(tx, row);
  });
}

export async function removeReblog(tx: Ctx, row: ReblogPost): Promise<void> {
  if (!(await markPostDeleted(tx.db, row.id, tx.now()))) return;
  const original = await findPost(tx.db, row.reblogOfId);
  await addToPostCounters(tx.db, row.reblogOfId, { reblogs: -1, version: tx.now() });
  await addToCounters(tx.db, row.accountId, { posts: -1, version: tx.now() });
  if (original)
    await deleteNotification(tx.db, {
      kind: 'reblog',
      from: row.accountId,
      to: original.accountId,
      postId: original.id,
    });
  await tx.emit({ type: 'post.deleted', postId: row.id });
}
