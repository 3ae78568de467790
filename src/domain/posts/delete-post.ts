import { type Ctx, inTransaction } from '#context.ts';
import { addToCounters } from '#domain/accounts/account-store.ts';
import { NotAllowed, NotFound } from '#domain/errors.ts';
import { deleteNotificationsOfPost } from '#domain/notifications/notification-store.ts';
import { addToPostCounters, findPost, listReblogs, markPostDeleted } from '#domain/posts/post-store.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { removeReblog } from '#domain/posts/reblog.ts';

/** How many reblogs disappear with their post at once; the rest is hidden by the join and pruned later. */
const REBLOGS_AT_ONCE = 200;

/** Its author deletes a post (or takes a reblog back). Twice changes nothing. @throws NotFound, NotAllowed. */
export async function deletePost(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const post = await findPost(tx.db, postId);
    if (!post) throw new NotFound('Post');
    if (post.accountId !== accountId) throw new NotAllowed('Only its author can delete a post');
    if (post.reblogOfId !== undefined) return removeReblog(tx, post);
    if (!(await markPostDeleted(tx.db, postId, tx.now()))) return;
    await addToCounters(tx.db, accountId, { posts: -1, version: tx.now() });
    if (post.inReplyToId !== undefined && !isRestricted(post.visibility)) {
      await addToPostCounters(tx.db, post.inReplyToId, { replies: -1, version: tx.now() });
    }
    for (const reblog of await listReblogs(tx.db, postId, REBLOGS_AT_ONCE)) {
      await markPostDeleted(tx.db, reblog.id, tx.now());
      await addToCounters(tx.db, reblog.accountId, { posts: -1, version: tx.now() });
    }
    await deleteNotificationsOfPost(tx.db, postId);
    await tx.emit({ type: 'post.deleted', postId });
  });
}
