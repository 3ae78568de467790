import { type Db, list, valuesOf } from '#db/database.ts';

export async function insertMentions(db: Db, postId: number, accountIds: readonly number[]): Promise<void> {
  if (accountIds.length === 0) return;
  const rows = valuesOf(accountIds.map((accountId) => [postId, accountId]));
  await db.run(`INSERT INTO mention (post_id, account_id) ${rows.sql} ON CONFLICT DO NOTHING`, rows.values);
}

export async function deleteMentions(db: Db, postId: number): Promise<void> {
  await db.run('DELETE FROM mention WHERE post_id = ?', [postId]);
}

/** Remembers whom an edit of a post from here names no more, in the transaction that writes it. Whom it names again is no former one. */
export async function insertFormerMentions(db: Db, postId: number, formerIds: readonly number[]): Promise<void> {
  await db.run(
    'DELETE FROM former_mention WHERE post_id = ? AND account_id IN (SELECT account_id FROM mention WHERE post_id = ?)',
    [postId, postId],
  );
  if (formerIds.length === 0) return;
  const rows = valuesOf(formerIds.map((accountId) => [postId, accountId]));
  await db.run(`INSERT INTO former_mention (post_id, account_id) ${rows.sql} ON CONFLICT DO NOTHING`, rows.values);
}

/** Whether a post from here once named somebody whom it does not name any more. */
export async function hasFormerMentions(db: Db, postId: number): Promise<boolean> {
  return (await db.get('SELECT 1 AS found FROM former_mention WHERE post_id = ? LIMIT 1', [postId])) !== undefined;
}

export async function isMentioned(db: Db, postId: number, accountId: number): Promise<boolean> {
  return (
    (await db.get('SELECT 1 AS found FROM mention WHERE post_id = ? AND account_id = ?', [postId, accountId])) !==
    undefined
  );
}

export async function listMentionedIds(db: Db, postId: number): Promise<number[]> {
  return (await db.all<{ accountId: number }>('SELECT account_id FROM mention WHERE post_id = ?', [postId])).map(
    (row) => row.accountId,
  );
}

export interface Mention {
  postId: number;
  accountId: number;
}

/** Whom these posts name. */
export async function listMentions(db: Db, postIds: readonly number[]): Promise<Mention[]> {
  if (postIds.length === 0) return [];
  const wanted = list(postIds);
  return db.all(`SELECT post_id, account_id FROM mention WHERE post_id ${wanted.sql}`, wanted.values);
}
