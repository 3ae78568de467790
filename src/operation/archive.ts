import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { explanationOf } from '#db/sqlite-connection.ts';
import { OperationError } from '#operation/operation-error.ts';

/** First entry of a backup: what the rest is. */
export const MANIFEST = 'parvis-backup.json';
/** Last entry: the SHA-256 of every other file, in hexadecimal, by its name. */
export const DIGESTS = 'parvis-digests.json';
export const MEDIA_FOLDER = 'media';

export interface BackupManifest {
  format: 1;
  origin: string;
  createdAt: string;
  database: 'sqlite' | 'none';
  /** Whether the last entry has the digests: backups of the first versions have none. */
  hasDigests?: boolean;
}

/** A rename is on disk once its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EEXIST: 'something else was put there meanwhile: choose another folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full: free some space and try again',
  EDQUOT: 'the disk is full: free some space and try again',
  EACCES: 'this user may not: run it as the user the server runs as, and choose a folder that user can write',
  EROFS: 'the disk cannot be written',
};

/** The error to report: what the operator can do, where it is about files. `path` is what it was about, where the error does not say. */
export function explained(error: unknown, path: string): unknown {
  const { code, path: where } = error as NodeJS.ErrnoException;
  const reason = explanationOf(error) ?? (code === undefined ? undefined : reasons[code]);
  if (reason === undefined) return error;
  const isWithin = where === undefined || where.startsWith(path);
  return new OperationError(`${isWithin ? basename(path) : where}: ${reason}`, { cause: error });
}
