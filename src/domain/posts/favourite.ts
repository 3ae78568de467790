import { type Ctx, inTransaction } from '#context.ts';
import { getAccount } from '#domain/accounts/account-store.ts';
import { deleteNotification } from '#domain/notifications/notification-store.ts';
import { notify } from '#domain/notifications/notify.ts';
import { deleteFavourite, findFavourite, insertFavourite } from '#domain/posts/favourite-store.ts';
import { getVisibleOriginal } from '#domain/posts/get-visible-post.ts';
import { addToPostCounters, findOriginal } from '#domain/posts/post-store.ts';
import type { Post } from '#domain/posts/post.ts';
import { localUrls } from '#domain/urls.ts';

/** `accountId` likes a post. Twice changes nothing. `uri` is the Like activity of a remote account. @throws NotFound */
export async function favourite(ctx: Ctx, accountId: number, postId: number, uri?: string): Promise<Post> {
  return inTransaction(ctx, async (tx) => {
    const post = await getVisibleOriginal(tx, accountId, postId);
    const id = tx.ids.next();
    const row = {
      id,
      accountId,
      postId: post.id,
      uri: uri ?? localUrls(ctx.config).activity(id),
      createdAt: ctx.now(),
    };
    if (!(await insertFavourite(tx.db, row))) return post;
    await addToPostCounters(tx.db, post.id, { favourites: 1, version: tx.now() });
    await notify(tx, {
      to: await getAccount(tx.db, post.accountId),
      kind: 'favourite',
      from: accountId,
      postId: post.id,
    });
    await tx.emit({ type: 'post.favourited', favouriteId: id });
    return post;
  });
}

/** Takes it back, also where one may not see the post any more. Without one it changes nothing. */
export async function unfavourite(ctx: Ctx, accountId: number, postId: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const post = await findOriginal(tx.db, postId);
    const row = post && (await findFavourite(tx.db, accountId, post.id));
    if (!row) return;
    await deleteFavourite(tx.db, row.id);
    await addToPostCounters(tx.db, post.id, { favourites: -1, version: tx.now() });
    await deleteNotification(tx.db, { kind: 'favourite', from: accountId, to: post.accountId, postId: post.id });
    await tx.emit({ type: 'post.unfavourited', accountId, postId: post.id, uri: row.uri });
  });
}
