import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { addToCounters, listAccounts } from '#domain/accounts/account-store.ts';
import { fanOut, fanOutAfter } from '#domain/home/fan-out.ts';
import { notifyAll } from '#domain/notifications/notify.ts';
import { adoptReplies } from '#domain/posts/adopt-replies.ts';
import { findAnswerable, rankOf } from '#domain/posts/answer-policy.ts';
import { addToConversations } from '#domain/posts/conversation-store.ts';
import { insertMentions } from '#domain/posts/mention-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import { addToPostCounters, findLastPostId, findPost, insertPost } from '#domain/posts/post-store.ts';
import { tagPost } from '#domain/posts/tag-post.ts';
import { firstIdAt, timeOfId } from '#lib/id.ts';

/** A new post with what it names, local or remote: everything but its place in the thread and the counters. */
export interface NewPost extends Omit<
  Post,
  | 'threadId'
  | 'inReplyToId'
  | 'inReplyToAccountId'
  | 'repliesCount'
  | 'reblogsCount'
  | 'favouritesCount'
  | 'deletedAt'
  | 'version'
  | 'editedAt'
  | 'reblogOfId'
> {
  editedAt?: number | undefined;
  /** What it answers, as `findAnswerable` finds it; looked up where it is not given. */
  parent?: Post | undefined;
  mentionedIds: readonly number[];
  /** As written, without #. */
  hashtags: readonly string[];
}

/**
 * Id for a post published at `publishedAt`, in the order of arrival among those of the same moment. A whole second is the finest that
 * many servers say: its posts spread over the second's milliseconds.
 */
export async function nextPostId(ctx: Ctx, publishedAt: number): Promise<number> {
  const span = publishedAt % 1_000 === 0 ? 1_000 : 1;
  let end = firstIdAt(publishedAt + span);
  let last = await findLastPostId(ctx.db, firstIdAt(publishedAt), end);
  for (;;) {
    const id = ctx.ids.at(publishedAt, last ?? 0);
    if (id < end || !(await findPost(ctx.db, id))) return id;
    // The moment is full, as whoever answers may say when, and what it spilled into is taken: behind what is in the next second.
    end = firstIdAt(timeOfId(id) + 1_000);
    last = await findLastPostId(ctx.db, id, end);
  }
}

/**
 * Writes a post and everything that depends on it: its thread, mentions, hashtags, counters, the first home timelines and the
 * notifications. In a transaction. Undefined when a post with this uri is there already.
 */
export async function storePost(tx: Ctx, author: Account, post: NewPost): Promise<Post | undefined> {
  const { mentionedIds, hashtags, parent: known, ...contents } = post;
  const parent = known ?? (await findAnswerable(tx.db, author, post.inReplyToUri));
  const threadId = parent?.threadId ?? parent?.id ?? post.id;
  const now = tx.now();
  const row = await insertPost(tx.db, {
    ...contents,
    threadId,
    inReplyToId: parent?.id,
    inReplyToAccountId: parent?.accountId,
    answerRank: parent ? await rankOf(tx.db, author, threadId) : 0,
    version: now,
  });
  if (!row) return undefined;
  await insertMentions(tx.db, row.id, mentionedIds);
  await tagPost(tx, row, hashtags);
  // Counters are public: they must not tell that somebody wrote or answered in private, nor the time of the last post when.
  const isOpen = !isRestricted(row.visibility);
  if (row.visibility !== 'direct') {
    const lastPostAt = isOpen ? { lastPostAt: row.publishedAt } : {};
    await addToCounters(tx.db, author.id, { posts: 1, ...lastPostAt, version: now });
  }
  if (parent && isOpen) await addToPostCounters(tx.db, parent.id, { replies: 1, version: now });
  // Somebody may have answered before the post itself came; a local post cannot be answered before it is written.
  if (!isLocal(author)) row.repliesCount = await adoptReplies(tx, row);
  await fanOut(tx, author, row);
  const mentioned = await listAccounts(tx.db, mentionedIds);
  await notifyAll(tx, { to: mentioned, kind: 'mention', from: author.id, postId: row.id });
  if (row.visibility === 'direct') await addToConversations(tx.db, row, [author, ...mentioned]);
  return row;
}

/** Goes on where `fanOut` stopped, unless the post was deleted meanwhile: a handler of `post.partly-fanned-out`. */
export async function fanOutFurther(tx: Ctx, postId: number, afterFollowerId: number): Promise<void> {
  const post = await findPost(tx.db, postId);
  if (post && post.deletedAt === undefined) await fanOutAfter(tx, post, afterFollowerId);
}
