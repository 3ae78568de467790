import type { Db } from '#db/database.ts';

export interface Session {
  tokenHash: string;
  accountId: number;
  createdAt: number;
  expiresAt: number;
}

export async function insertSession(db: Db, session: Session): Promise<void> {
  await db.run('INSERT INTO session (token_hash, account_id, created_at, expires_at) VALUES (?, ?, ?, ?)', [
    session.tokenHash,
    session.accountId,
    session.createdAt,
    session.expiresAt,
  ]);
}

/** A session that is not over, of a user who is not disabled. */
export async function findSession(db: Db, tokenHash: string, now: number): Promise<Session | undefined> {
  return db.get<Session>(
    `SELECT session.token_hash, session.account_id, session.created_at, session.expires_at
     FROM session JOIN "user" ON "user".account_id = session.account_id
     WHERE session.token_hash = ? AND session.expires_at > ? AND "user".disabled_at IS NULL`,
    [tokenHash, now],
  );
}

/** False when it is gone. */
export async function updateSessionEnd(db: Db, tokenHash: string, expiresAt: number): Promise<boolean> {
  return (await db.run('UPDATE session SET expires_at = ? WHERE token_hash = ?', [expiresAt, tokenHash])) > 0;
}

export async function deleteSession(db: Db, tokenHash: string): Promise<void> {
  await db.run('DELETE FROM session WHERE token_hash = ?', [tokenHash]);
}

export async function deleteSessionsOf(db: Db, accountId: number): Promise<void> {
  await db.run('DELETE FROM session WHERE account_id = ?', [accountId]);
}

/** Deletes up to `limit` sessions that are over. Returns how many. */
export function deleteExpiredSessions(db: Db, now: number, limit: number): Promise<number> {
  return db.run(
    'DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  );
}
