import type { Db } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccount } from '#domain/accounts/account-store.ts';
import { findBlock } from '#domain/blocks/block-store.ts';
import { canSee } from '#domain/posts/post-policy.ts';
import { isReblog, isRestricted, type Post } from '#domain/posts/post.ts';
import { findPostByUri } from '#domain/posts/post-store.ts';
import { type AnswerRank, readAnswerRank } from '#domain/posts/thread-store.ts';

/**
 * Whether an answer by `author` stands below `parent`: only below what its author may see. Otherwise strangers could write into private
 * conversations, and learn from what becomes of an answer whether a post exists. Between accounts of one other server that server's word
 * counts, as it knows who of its people follows whom, and we do not.
 */
export async function mayAnswer(db: Db, author: Account, parent: Post): Promise<boolean> {
  if (isReblog(parent)) return false;
  if (await canSee(db, author.id, parent)) return true;
  if (isLocal(author) || !isRestricted(parent.visibility)) return false;
  const asked = await findAccount(db, parent.accountId);
  return asked?.host === author.host && !(await findBlock(db, parent.accountId, author.id));
}

/** The post with this uri, if it is here and `author` may answer it. Deleted ones too: they hold their threads together. */
export async function findAnswerable(db: Db, author: Account, uri: string | undefined): Promise<Post | undefined> {
  const parent = uri === undefined ? undefined : await findPostByUri(db, uri);
  return parent && (await mayAnswer(db, author, parent)) ? parent : undefined;
}

/** The rank of an answer by `author` in a thread: see `AnswerRank`. */
export async function rankOf(db: Db, author: Account, threadId: number): Promise<AnswerRank> {
  return isLocal(author) ? 0 : readAnswerRank(db, author.id, threadId);
}
