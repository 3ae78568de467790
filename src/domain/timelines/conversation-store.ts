import type { Db } from '#db/database.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import type { Post } from '#domain/posts/post.ts';

/** Shows a direct message in the conversations of the local accounts in it: read for its author, unread for the others. */
export async function addToConversations(db: Db, post: Post, members: readonly Account[]): Promise<void> {
  for (const member of members.filter(isLocal)) {
    await db.run(
      `INSERT INTO conversation_member (account_id, conversation_id, last_post_id, unread) VALUES (?, ?, ?, ?)
       ON CONFLICT (account_id, conversation_id) DO UPDATE SET last_post_id = excluded.last_post_id, unread = excluded.unread`,
      [member.id, post.conversationId, post.id, member.id !== post.accountId],
    );
  }
}

export interface Conversation {
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
