import type { SqlValue } from '#db/database.ts';

/** A query for ids of accounts, with its parameters. */
export interface Source {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export function followersOf(accountId: number): Source {
  return {
    sql: 'SELECT follower_id FROM follow WHERE target_id = ? AND accepted = 1 AND follower_is_local = 0',
    values: [accountId],
  };
}

export function theAccount(id: number): Source {
  return { sql: 'SELECT CAST(? AS BIGINT)', values: [id] };
}

export function mentionedIn(postId: number): Source {
  return { sql: 'SELECT account_id FROM mention WHERE post_id = ?', values: [postId] };
}

/** Whoever a post from here named until an edit did not: their servers have a copy of what it was. */
export function formerlyMentionedIn(postId: number): Source {
  return { sql: 'SELECT account_id FROM former_mention WHERE post_id = ?', values: [postId] };
}

export function authorOf(postId: number): Source {
  return { sql: 'SELECT account_id FROM post WHERE id = ?', values: [postId] };
}

export function authorAnsweredBy(postId: number): Source {
  return {
    sql: 'SELECT in_reply_to_account_id FROM post WHERE id = ? AND in_reply_to_account_id IS NOT NULL',
    values: [postId],
  };
}

/** Whoever answered, liked or showed on a post: their servers have a copy. Reblogs that went with the post count too. */
export function involvedIn(postId: number): Source {
  return {
    sql: `SELECT account_id FROM post WHERE in_reply_to_id = ?
      UNION SELECT account_id FROM favourite WHERE post_id = ?
      UNION SELECT account_id FROM post WHERE reblog_of_id = ? AND deleted_at IS NULL
      UNION SELECT account_id FROM post WHERE reblog_of_id = ? AND deleted_at IS NOT NULL`,
    values: [postId, postId, postId, postId],
  };
}

/** Everybody on other servers that was ever met. */
export const everybody: Source = { sql: "SELECT id FROM account WHERE host <> ''", values: [] };

export interface Recipients {
  readonly sources: readonly Source[];
  /** Personal inboxes where nobody else on the server need see it; shared ones so that each server hears once. */
  readonly inboxes: 'shared' | 'personal';
  /** Nobody whom this account blocks, or who blocks it. */
  readonly withoutBlocksOf?: number;
}
