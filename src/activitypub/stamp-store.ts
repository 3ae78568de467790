import type { Db } from '#db/database.ts';
import type { Visibility } from '#domain/posts/post.ts';
import { originalShownTo, visibleTo } from '#domain/posts/visibility-sql-store.ts';

/** Version of a local account, and whether it is deleted. */
export async function findActorStamp(
  db: Db,
  id: number,
): Promise<{ version: number; deletedAt: number | null } | undefined> {
  return db.get("SELECT version, deleted_at FROM account WHERE id = ? AND host = ''", [id]);
}

export interface PostStamp {
  version: number;
  visibility: Visibility;
  accountId: number;
  accountDeletedAt: number | null;
  /** Of the post that a reblog shows. */
  originalVersion: number | null;
}

export async function findPostStamp(db: Db, id: number): Promise<PostStamp | undefined> {
  return db.get(
    `SELECT post.version, post.visibility, post.account_id, account.deleted_at AS account_deleted_at, original.version AS original_version
     FROM post JOIN account ON account.id = post.account_id LEFT JOIN post original ON original.id = post.reblog_of_id
     WHERE post.id = ? AND account.host = ''`,
    [id],
  );
}

/** Posts on a page of an outbox. */
export const OUTBOX_PAGE = 20;

/**
 * Changes with what everybody sees on the page of an outbox that begins before the post `before`: few reads of an index. The sum and not
 * the newest, which need not change with the others: clocks of several processes differ.
 */
export async function findOutboxStamp(db: Db, accountId: number, before: number): Promise<number> {
  const row = await db.get<{ version: number }>(
    `SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) AS version FROM (
       SELECT post.version FROM post WHERE post.account_id = ? AND post.deleted_at IS NULL AND post.id < ?
         AND ${visibleTo(undefined).sql} AND ${originalShownTo(undefined).sql}
       ORDER BY post.id DESC LIMIT ${OUTBOX_PAGE}
     ) AS page`,
    [accountId, before],
  );
  return row?.version ?? 0;
}
