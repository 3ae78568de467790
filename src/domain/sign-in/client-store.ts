import type { Db } from '#db/database.ts';

/** A client program that people let act for them: a row of the table `app`. */
export interface Client {
  id: number;
  name: string;
  clientId: string;
  clientSecretHash: string;
  redirectUris: readonly string[];
  scopes: string;
  website: string | undefined;
  createdAt: number;
}

/** By the id it shows itself with. */
export async function findClient(
  db: Db,
  clientId: string,
): Promise<{ id: number; clientSecretHash: string } | undefined> {
  return db.get('SELECT id, client_secret_hash FROM app WHERE client_id = ?', [clientId]);
}

export async function insertClient(db: Db, client: Client): Promise<void> {
  await db.run(
    'INSERT INTO app (id, name, client_id, client_secret_hash, redirect_uris, scopes, website, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    [
      client.id,
      client.name,
      client.clientId,
      client.clientSecretHash,
      JSON.stringify(client.redirectUris),
      client.scopes,
      client.website,
      client.createdAt,
    ],
  );
}
