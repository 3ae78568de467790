import type { Db } from '#db/database.ts';
import type { Visibility } from '#domain/posts/post.ts';

/** Version of a local account, deleted or not. */
export async function findActorStamp(db: Db, id: number): Promise<{ version: number } | undefined> {
  return db.get("SELECT version FROM account WHERE id = ? AND host = ''", [id]);
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

/** Changes with the posts on the page of an outbox that begins before the post `before`: 20 reads of an index. */
export async function findOutboxStamp(db: Db, accountId: number, before: number): Promise<number> {
  const row = await db.get<{ version: number | null }>(
    `SELECT max(version) AS version FROM (
       SELECT version FROM post WHERE account_id = ? AND deleted_at IS NULL AND id < ? AND visibility IN ('public', 'unlisted')
       ORDER BY id DESC LIMIT 20
     ) AS page`,
    [accountId, before],
  );
  return row?.version ?? 0;
}

/** The instance's settings, as text: they hold their own version. */
export async function findSettingsStamp(db: Db): Promise<string> {
  const row = await db.get<{ value: string }>("SELECT value FROM setting WHERE name = 'instance'");
  return row?.value ?? '';
}
