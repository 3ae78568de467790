import type { Db } from '#db/database.ts';

/** False when this very token exists already. */
export async function insertAccessToken(
  db: Db,
  token: { tokenHash: string; accountId: number; appId: number; scopes: string; createdAt: number },
): Promise<boolean> {
  const inserted = await db.run(
    'INSERT INTO access_token (token_hash, account_id, app_id, scopes, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    [token.tokenHash, token.accountId, token.appId, token.scopes, token.createdAt],
  );
  return inserted > 0;
}

export async function deleteAccessTokensOf(db: Db, accountId: number): Promise<void> {
  await db.run('DELETE FROM access_token WHERE account_id = ?', [accountId]);
}
