import { type Ctx, inTransaction } from '#context.ts';
import { touchAccount } from '#domain/accounts/account-store.ts';
import { Invalid, NotAllowed } from '#domain/errors.ts';
import { getVisiblePost } from '#domain/posts/get-visible-post.ts';
import { isReblog } from '#domain/posts/post.ts';
import { countPins, deletePin, insertPin } from '#domain/posts/pin-store.ts';

export const PIN_LIMIT = 5;

/** An account keeps one of its posts at the top of its profile. @throws NotFound, NotAllowed, Invalid. */
export async function pin(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const post = await getVisiblePost(tx, accountId, postId);
    if (post.accountId !== accountId || isReblog(post)) throw new NotAllowed('Only own posts can be pinned');
    if (post.visibility === 'direct') throw new Invalid('post', 'A direct message cannot be pinned');
    if (!(await insertPin(tx.db, { accountId, postId, createdAt: tx.now() }))) return;
    if ((await countPins(tx.db, accountId)) > PIN_LIMIT)
      throw new Invalid('post', `At most ${PIN_LIMIT} posts can be pinned`);
    await touchAccount(tx.db, accountId, tx.now());
    await tx.emit({ type: 'post.pinned', accountId, postId });
  });
}

export async function unpin(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    if (!(await deletePin(tx.db, accountId, postId))) return;
    await touchAccount(tx.db, accountId, tx.now());
    await tx.emit({ type: 'post.unpinned', accountId, postId });
  });
}
