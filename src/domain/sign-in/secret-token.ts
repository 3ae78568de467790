import { createHash, randomBytes } from 'node:crypto';

/** A secret handed to somebody once: 256 random bits. The database keeps its hash only, so that reading it gives no access. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What the database keeps of a token or client secret. Plain SHA-256 is enough for 256 random bits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
