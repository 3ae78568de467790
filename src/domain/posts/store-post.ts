import type { Ctx } from '#context.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { addToCounters, listAccounts } from '#domain/accounts/account-store.ts';
import { notify } from '#domain/notifications/notify.ts';
import { insertHashtags } from '#domain/posts/hashtag-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';
import {
  addToPostCounters,
  adoptReplies,
  findPost,
  findPostByUri,
  insertMentions,
  insertPost,
} from '#domain/posts/post-store.ts';
import { addToConversations } from '#domain/timelines/conversation-store.ts';
import { fanOut } from '#domain/timelines/fan-out.ts';

/** A new post with what it names, local or remote: everything but its place in the thread and the counters. */
export interface NewPost extends Omit<
  Post,
  | 'conversationId'
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
  mentionedIds: readonly number[];
  /** As written, without #. */
  hashtags: readonly string[];
}

/**
 * Writes a post and everything that depends on it: its thread, mentions, hashtags, counters, the first home timelines and the
 * notifications. In a transaction. Undefined when a post with this uri is there already.
 */
export async function storePost(tx: Ctx, author: Account, post: NewPost): Promise<Post | undefined> {
  const parent = post.inReplyToUri === undefined ? undefined : await findPostByUri(tx.db, post.inReplyToUri);
  const now = tx.now();
  const row: Post = {
    ...post,
    conversationId: parent?.conversationId ?? post.id,
    inReplyToId: parent?.id,
    inReplyToAccountId: parent?.accountId,
    reblogOfId: undefined,
    repliesCount: 0,
    reblogsCount: 0,
    favouritesCount: 0,
    editedAt: post.editedAt,
    deletedAt: undefined,
    version: now,
  };
  if (!(await insertPost(tx.db, row))) return undefined;
  await insertMentions(tx.db, row.id, post.mentionedIds);
  await insertHashtags(tx, row.id, post.hashtags);
  // Counters are public: they must not tell that somebody wrote or answered in private.
  if (row.visibility !== 'direct')
    await addToCounters(tx.db, author.id, { posts: 1, lastPostAt: post.publishedAt, version: now });
  if (parent && !isRestricted(row.visibility)) await addToPostCounters(tx.db, parent.id, { replies: 1, version: now });
  // Somebody may have answered before the post itself came; a local post cannot be answered before it is written.
  if (!isLocal(author)) row.repliesCount = await adoptEarlier(tx, row);
  await fanOut(tx, author, row);
  const mentioned = await listAccounts(tx.db, post.mentionedIds);
  for (const account of mentioned) await notify(tx, { to: account, kind: 'mention', from: author.id, postId: row.id });
  if (row.visibility === 'direct') await addToConversations(tx.db, row, [author, ...mentioned]);
  return row;
}

/** Posts rewritten in one transaction: strangers decide how many answers wait for a post, and nobody is answered meanwhile. */
const ADOPTED_AT_ONCE = 50;

/** Ties answers that came before it to a post, some at a time. Returns how many everybody may see. */
async function adoptEarlier(tx: Ctx, post: Post): Promise<number> {
  const { open, isMore } = await adoptReplies(tx.db, post, ADOPTED_AT_ONCE);
  if (open > 0) await addToPostCounters(tx.db, post.id, { replies: open, version: tx.now() });
  if (isMore) await tx.emit({ type: 'post.replies-left', postId: post.id });
  return open;
}

/** Goes on where `storePost` stopped: a handler of `post.replies-left`. */
export async function adoptFurther(tx: Ctx, postId: number): Promise<void> {
  const post = await findPost(tx.db, postId);
  if (post) await adoptEarlier(tx, post);
}
