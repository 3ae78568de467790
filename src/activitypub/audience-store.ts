import type { Db, SqlValue } from '#db/database.ts';

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

/**
 * Writes a delivery of `bodyId` for each distinct inbox of the recipients: one statement, whatever their number. Local accounts, deleted
 * ones and blocked hosts are passed over (blocked domains *above* a host are left to the sender, who asks again before each delivery); what
 * is for a host known to be down waits until that is probed. Returns how many.
 */
export async function insertDeliveries(db: Db, bodyId: number, now: number, recipients: Recipients): Promise<number> {
  const { sources, inboxes, withoutBlocksOf } = recipients;
  const inbox = inboxes === 'shared' ? 'COALESCE(account.shared_inbox, account.inbox)' : 'account.inbox';
  const noBlock =
    withoutBlocksOf === undefined
      ? ''
      : `AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = ? AND block.target_id = account.id)
         AND NOT EXISTS (SELECT 1 FROM block WHERE block.account_id = account.id AND block.target_id = ?)`;
  return db.run(
    `INSERT INTO delivery (body_id, host, inbox, due)
     SELECT CAST(? AS BIGINT), found.host, found.inbox, CASE WHEN remote_host.retry_at > ? THEN remote_host.retry_at ELSE CAST(? AS BIGINT) END
     FROM (
       SELECT DISTINCT account.inbox_host AS host, ${inbox} AS inbox FROM account
       WHERE account.id IN (${sources.map((source) => source.sql).join(' UNION ')})
         AND account.host <> '' AND account.deleted_at IS NULL AND account.inbox IS NOT NULL AND account.inbox_host IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM domain_block WHERE domain_block.host IN (account.host, account.inbox_host)) ${noBlock}
     ) AS found LEFT JOIN remote_host ON remote_host.host = found.host WHERE 1 = 1`,
    [
      bodyId,
      now,
      now,
      ...sources.flatMap((source) => source.values),
      ...(withoutBlocksOf === undefined ? [] : [withoutBlocksOf, withoutBlocksOf]),
    ],
  );
}
