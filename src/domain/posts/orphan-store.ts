import { type Db } from '#db/database.ts';
import { mergeConversations } from '#domain/posts/conversation-store.ts';
import type { Post } from '#domain/posts/post.ts';
import type { AnswerRank } from '#domain/posts/thread-store.ts';

/** An answer that is tied to nothing: what it answers was not here when it came, or its author could not see it. */
export type Orphan = Pick<Post, 'id' | 'accountId' | 'visibility'> & { threadId: number; deletedAt: number | null };

/** Untied answers to `uri` with ids above `after`, oldest first. */
export function listOrphans(db: Db, uri: string, after: number, limit: number): Promise<Orphan[]> {
  return db.all<Orphan>(
    `SELECT id, account_id, visibility, thread_id, deleted_at FROM post
     WHERE in_reply_to_uri = ? AND in_reply_to_id IS NULL AND id > ? ORDER BY id LIMIT ?`,
    [uri, after, limit],
  );
}

export async function tieToParent(
  db: Db,
  id: number,
  parent: Pick<Post, 'id' | 'accountId'>,
  rank: AnswerRank,
): Promise<void> {
  await db.run('UPDATE post SET in_reply_to_id = ?, in_reply_to_account_id = ?, answer_rank = ? WHERE id = ?', [
    parent.id,
    parent.accountId,
    rank,
    id,
  ]);
}

/** Posts in a thread from which on it stays a thread of its own, be it an answer's: it would be rewritten with each post above it. */
const LONG_THREAD = 1_000;

/** Makes the thread `from` a part of the thread `into`, unless it is long. Returns how many posts that took. */
export async function joinThread(db: Db, from: number, into: number): Promise<number> {
  const long = await db.get('SELECT 1 AS found FROM post WHERE thread_id = ? LIMIT 1 OFFSET ?', [from, LONG_THREAD]);
  if (long) return 1;
  await mergeConversations(db, from, into);
  return db.run('UPDATE post SET thread_id = ? WHERE thread_id = ?', [into, from]);
}
