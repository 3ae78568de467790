import type { Ctx } from '#context.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { mayAnswer, rankOf } from '#domain/posts/answer-policy.ts';
import { joinThread, listOrphans, tieToParent } from '#domain/posts/orphan-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import { addToPostCounters, findPost } from '#domain/posts/post-store.ts';

/** Posts rewritten in one transaction: strangers decide how many answers wait for a post, and nobody is answered meanwhile. */
const ADOPTED_AT_ONCE = 50;

/**
 * Ties answers that came before it to a post, with the threads that began with them, some at a time: those with ids above `after`. Returns
 * how many of them everybody may see.
 */
export async function adoptReplies(tx: Ctx, post: Post, after = 0): Promise<number> {
  const orphans = await listOrphans(tx.db, post.uri, after, ADOPTED_AT_ONCE);
  if (orphans.length === 0) return 0;
  const threadId = post.threadId ?? post.id;
  const accounts = await listAccounts(tx.db, [...new Set(orphans.map((orphan) => orphan.accountId))]);
  const authors = new Map(accounts.map((account) => [account.id, account]));
  let open = 0;
  let left = ADOPTED_AT_ONCE;
  let last = after;
  for (const orphan of orphans) {
    if (left <= 0) break;
    last = orphan.id;
    const author = authors.get(orphan.accountId);
    // What began the thread that the post itself is in cannot be an answer to it: somebody tied a circle.
    if (!author || orphan.threadId === threadId || !(await mayAnswer(tx.db, author, post))) continue;
    await tieToParent(tx.db, orphan.id, post, await rankOf(tx.db, author, threadId));
    left -= await joinThread(tx.db, orphan.threadId, threadId);
    if (orphan.deletedAt === null && !isRestricted(orphan.visibility)) open += 1;
  }
  // Counted or not, what is shown with the post has changed.
  await addToPostCounters(tx.db, post.id, { replies: open, version: tx.now() });
  if (left <= 0 || orphans.length === ADOPTED_AT_ONCE)
    await tx.emit({ type: 'post.replies-partly-adopted', postId: post.id, afterId: last });
  return open;
}

/** Goes on where `adoptReplies` stopped: a handler of `post.replies-partly-adopted`. */
export async function adoptFurther(tx: Ctx, postId: number, afterId: number): Promise<void> {
  const post = await findPost(tx.db, postId);
  if (post) await adoptReplies(tx, post, afterId);
}
