import { type Db, list } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import type { Post } from '#domain/posts/post.ts';

/** Of two rows of one conversation: the newest post, as messages may arrive in any order; and unread while either says so, or the newest. */
const newest = `last_post_id = CASE WHEN excluded.last_post_id > conversation_member.last_post_id
    THEN excluded.last_post_id ELSE conversation_member.last_post_id END,
  unread = CASE WHEN excluded.last_post_id > conversation_member.last_post_id OR excluded.unread = 1
    THEN excluded.unread ELSE conversation_member.unread END`;

/** Shows a direct message in the conversations of the local accounts in it: read for its author, unread for the others. */
export async function addToConversations(db: Db, post: Post, members: readonly Account[]): Promise<void> {
  const local = members.filter(isLocal);
  if (local.length === 0) return;
  const rows = list(local.map((member) => member.id));
  await db.run(
    `INSERT INTO conversation_member (account_id, conversation_id, last_post_id, unread)
     SELECT id, CAST(? AS BIGINT), CAST(? AS BIGINT), CASE WHEN id = ? THEN 0 ELSE 1 END FROM account WHERE id ${rows.sql}
     ON CONFLICT (account_id, conversation_id) DO UPDATE SET ${newest}`,
    [post.threadId, post.id, post.accountId, ...rows.values],
  );
}

/**
 * The thread `from` turned out to be a part of the thread `into`: whoever has direct messages in both has one conversation. To be called
 * while the posts of `from` still say that they belong to it.
 */
export async function mergeConversations(db: Db, from: number, into: number): Promise<void> {
  // By the members rather than by the conversation, for which there is no index.
  const rows = `conversation_id = ? AND account_id IN (
    SELECT account_id FROM post WHERE thread_id = ? AND visibility = 'direct'
    UNION SELECT mention.account_id FROM post JOIN mention ON mention.post_id = post.id
    WHERE post.thread_id = ? AND post.visibility = 'direct')`;
  await db.run(
    `INSERT INTO conversation_member (account_id, conversation_id, last_post_id, unread)
     SELECT account_id, CAST(? AS BIGINT), last_post_id, unread FROM conversation_member WHERE ${rows}
     ON CONFLICT (account_id, conversation_id) DO UPDATE SET ${newest}`,
    [into, from, from, from],
  );
  await db.run(`DELETE FROM conversation_member WHERE ${rows}`, [from, from, from]);
}

/** A thread of direct messages, as one of the people in it lists it. */
export interface Conversation {
  /** Id of the thread. */
  conversationId: number;
  lastPostId: number;
  unread: boolean;
}

/** Newest first. */
export async function listConversations(db: Db, accountId: number, limit: number): Promise<Conversation[]> {
  const rows = await db.all<Omit<Conversation, 'unread'> & { unread: number }>(
    'SELECT conversation_id, last_post_id, unread FROM conversation_member WHERE account_id = ? ORDER BY last_post_id DESC LIMIT ?',
    [accountId, limit],
  );
  return rows.map((row) => ({ ...row, unread: Boolean(row.unread) }));
}

/** Deletes up to `limit` conversations from the list of `accountId`; the others in them keep theirs. Returns how many. */
export async function deleteConversationsOf(db: Db, accountId: number, limit: number): Promise<number> {
  return db.run(
    `WITH gone AS MATERIALIZED (SELECT conversation_id FROM conversation_member WHERE account_id = ? LIMIT ?)
     DELETE FROM conversation_member WHERE account_id = ? AND conversation_id IN (SELECT conversation_id FROM gone)`,
    [accountId, limit, accountId],
  );
}
