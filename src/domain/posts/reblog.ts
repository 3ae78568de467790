import { type Ctx, inTransaction } from '#context.ts';
import { addToCounters, getAccount } from '#domain/accounts/account-store.ts';
import { NotAllowed } from '#domain/errors.ts';
import { deleteNotification } from '#domain/notifications/notification-store.ts';
import { notify } from '#domain/notifications/notify.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import type { Post, Visibility } from '#domain/posts/post.ts';
import {
  addToPostCounters,
  findOriginal,
  findPost,
  findReblog,
  insertPost,
  markPostDeleted,
  nextPostId,
} from '#domain/posts/post-store.ts';
import { fanOut } from '#domain/timelines/fan-out.ts';
import { localUrls } from '#domain/urls.ts';

export interface Reblog {
  visibility?: Visibility;
  /** Of a remote reblog: its Announce activity and when that says it was published (epoch ms). */
  remote?: { uri: string; publishedAt: number };
}

/**
 * `accountId` shows a post to its own followers. Twice changes nothing. Restricted posts can be shown on by nobody but, for posts to
 * followers, their author.
 * @throws NotFound, NotAllowed.
 */
export async function reblog(
  ctx: Ctx,
  accountId: number,
  postId: number,
  { visibility = 'public', remote }: Reblog = {},
): Promise<Post> {
  return inTransaction(ctx, async (tx) => {
    const original = await getVisibleOriginal(tx, accountId, postId);
    const isOwn = original.accountId === accountId;
    if (original.visibility === 'direct' || (original.visibility === 'followers' && !isOwn)) {
      throw new NotAllowed('This post is not for everybody, so it cannot be reblogged');
    }
    const existing = await findReblog(tx.db, accountId, original.id);
    if (existing) return existing;
    const account = await getAccount(tx.db, accountId);
    const publishedAt = remote?.publishedAt ?? tx.now();
    const id = remote ? await nextPostId(tx, publishedAt) : tx.ids.next();
    const row: Post = {
      id,
      accountId,
      kind: 'reblog',
      uri: remote?.uri ?? localUrls(ctx.config).postActivity(id),
      url: original.url,
      visibility: original.visibility === 'followers' ? 'followers' : visibility,
      title: '',
      html: '',
      source: undefined,
      summary: '',
      sensitive: false,
      language: undefined,
      emojis: [],
      attachments: [],
      conversationId: undefined,
      inReplyToUri: undefined,
      inReplyToId: undefined,
      inReplyToAccountId: undefined,
      reblogOfId: original.id,
      repliesCount: 0,
      reblogsCount: 0,
      favouritesCount: 0,
      publishedAt,
      editedAt: undefined,
      deletedAt: undefined,
      version: tx.now(),
    };
    if (!(await insertPost(tx.db, row))) return row;
    await addToPostCounters(tx.db, original.id, { reblogs: 1, version: tx.now() });
    await addToCounters(tx.db, accountId, { posts: 1, lastPostAt: publishedAt, version: tx.now() });
    await fanOut(tx, account, row);
    await notify(tx, {
      to: await getAccount(tx.db, original.accountId),
      kind: 'reblog',
      from: accountId,
      postId: original.id,
    });
    if (account.host === '') await tx.emit({ type: 'post.published', postId: id });
    return row;
  });
}

/** Takes a reblog back, also where one may not see the post any more. Without one it changes nothing. */
export async function unreblog(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const original = await findOriginal(tx.db, postId);
    const row = original && (await findReblog(tx.db, accountId, original.id));
    if (row) await removeReblog(tx, row);
  });
}

export async function removeReblog(tx: Ctx, row: Post): Promise<void> {
  if (!(await markPostDeleted(tx.db, row.id, tx.now()))) return;
  const original = await findPost(tx.db, row.reblogOfId!);
  await addToPostCounters(tx.db, row.reblogOfId!, { reblogs: -1, version: tx.now() });
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
