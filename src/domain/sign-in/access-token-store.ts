import type { Db } from '#db/database.ts';

/** A client program that people let act for them. */
export interface App {
  id: number;
  name: string;
  clientId: string;
  clientSecretHash: string;
  redirectUris: readonly string[];
  scopes: string;
  website: string | undefined;
  createdAt: number;
}

export async function findAppByClientId(
  db: Db,
  clientId: string,
): Promise<{ id: number; clientSecretHash: string } | undefined> {
  return db.get('SELECT id, client_secret_hash FROM app WHERE client_id = ?', [clientId]);
}

export async function insertApp(db: Db, app: App): Promise<void> {
  await db.run(
    'INSERT INTO app (id, name, client_id, client_secret_hash, redirect_uris, scopes, website, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    [
      app.id,
      app.name,
      app.clientId,
      app.clientSecretHash,
      JSON.stringify(app.redirectUris),
      app.scopes,
      app.website,
      app.createdAt,
    ],
  );
}

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
