import { type Ctx, inTransaction } from '#context.ts';
import { addToCounters } from '#domain/accounts/account-store.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import { deleteNotificationsOfPost } from '#domain/notifications/notification-store.ts';
import { addToPostCounters, findPost, listReblogs, markPostDeleted } from '#domain/posts/post-store.ts';
import { isReblog, isRestricted } from '#domain/posts/post.ts';
import { removeReblog } from '#domain/posts/reblog.ts';

/** Reblogs deleted in one transaction: those of the most shown posts would hold everybody else up. Meanwhile the join hides the others. */
const REBLOGS_AT_ONCE = 200;

/** Its author deletes a post (or takes a reblog back). Twice changes nothing. @throws NotFound, NotAllowed. */
export async function deletePost(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const post = await findPost(tx.db, postId);
    if (!post) throw new NotFound('Post');
    if (post.accountId !== accountId) throw new NotAllowed('Only its author can delete a post');
    if (isReblog(post)) return removeReblog(tx, post);
    if (!(await markPostDeleted(tx.db, postId, tx.now()))) return;
    if (post.visibility !== 'direct') await addToCounters(tx.db, accountId, { posts: -1, version: tx.now() });
    if (post.inReplyToId !== undefined && !isRestricted(post.visibility)) {
      await addToPostCounters(tx.db, post.inReplyToId, { replies: -1, version: tx.now() });
    }
    await deleteReblogs(tx, postId);
    await deleteNotificationsOfPost(tx.db, postId);
    await tx.emit({ type: 'post.deleted', postId });
  });
}

/** Deletes what showed a deleted post to others, some at a time: also a handler of `post.reblogs-partly-deleted`. */
export async function deleteReblogs(tx: Ctx, postId: number): Promise<void> {
  const reblogs = await listReblogs(tx.db, postId, REBLOGS_AT_ONCE);
  for (const reblog of reblogs) {
    await markPostDeleted(tx.db, reblog.id, tx.now());
    await addToCounters(tx.db, reblog.accountId, { posts: -1, version: tx.now() });
  }
  if (reblogs.length === REBLOGS_AT_ONCE) await tx.emit({ type: 'post.reblogs-partly-deleted', postId });
}
