import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Environment } from '#config.ts';
import { openDatabase, openForReading } from '#db/open.ts';
import { SECRET_FILE, SQLITE_FILE } from '#lib/data-folder.ts';
import { findSecret } from '#lib/secret-file.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar.ts';
import { type BackupManifest, DIGESTS, explained, MANIFEST, MEDIA_FOLDER, syncFolder } from '#operation/archive.ts';
import { examineCopy } from '#operation/check-database.ts';
import { removedWhenInterrupted } from '#operation/interruption.ts';
import { OperationError } from '#operation/operation-error.ts';

/** The folder in which a backup is made is called like its file and this, and six digits. */
const WORK = '.parvis-partial-';
/** Milliseconds after the last change to such a folder when it counts as abandoned. */
const ABANDONED_AFTER = 12 * 3_600_000;

export interface BackupReport extends BackupManifest {
  file: string;
  files: number;
  bytes: number;
}

/**
 * Writes database, secret and media of a server that may run meanwhile into one tar file: first in a folder beside it, under its final
 * name only when all is on disk and the database was found undamaged. The database goes first, so that every file it speaks of is in the
 * backup too. Readable by its owner only: it holds the keys of everybody here.
 * @throws OperationError, DatabaseUnavailable
 */
export async function backUp(
  environment: Environment,
  target: string,
  options: { withoutDatabase: boolean },
): Promise<BackupReport> {
  const file = resolve(target);
  refuseTaken(file);
  if (!existsSync(dirname(file))) throw new OperationError(`${dirname(file)} is not there: make that folder first`);
  const database = options.withoutDatabase ? 'none' : 'sqlite';
  if (database === 'sqlite') refuseMissing(environment);
  if (findSecret(join(environment.dataDir, SECRET_FILE)) === undefined)
    throw new OperationError(`There is no secret in ${environment.dataDir}: set DATA_DIR to the server's folder`);
  await removeAbandoned(dirname(file));
  const folder = `${file}${WORK}${randomBytes(3).toString('hex')}`;
  try {
    return await removedWhenInterrupted(folder, () => make(environment, { file, folder, database }));
  } catch (error) {
    throw explained(error, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refuseTaken(file: string): void {
  if (existsSync(file)) throw new OperationError(`${file} exists: choose another name, for instance with the date`);
}

function refuseMissing({ dataDir, databaseUrl }: Environment): void {
  if (databaseUrl !== undefined) {
    throw new OperationError('The database is PostgreSQL: save it with pg_dump, and the rest with --without-database');
  }
  if (!existsSync(join(dataDir, SQLITE_FILE)))
    throw new OperationError(`There is no database in ${dataDir}: set DATA_DIR to the server's folder`);
}

/** Makes the archive in the new `folder`, and then gives it its name. */
async function make(
  environment: Environment,
  { file, folder, database }: { file: string; folder: string; database: BackupManifest['database'] },
): Promise<BackupReport> {
  const { dataDir, origin } = environment;
  const createdAt = new Date().toISOString();
  const manifest: BackupManifest = { format: 1, origin, createdAt, database, hasDigests: true };
  await mkdir(folder, { mode: 0o700 });
  if (database === 'sqlite') await takeSnapshot(environment, folder);
  const sources = [
    ...(database === 'sqlite' ? [{ name: SQLITE_FILE, path: join(folder, SQLITE_FILE) }] : []),
    { name: SECRET_FILE, path: join(dataDir, SECRET_FILE) },
    ...(await listMedia(dataDir)),
  ];
  const archive = join(folder, 'archive');
  const bytes = await writeArchive(archive, manifest, sources);
  refuseTaken(file);
  await rename(archive, file);
  await syncFolder(dirname(file));
  return { ...manifest, file, files: sources.length, bytes };
}

/** Removes what backups left that were interrupted without a word, as by a power cut: each is a whole copy of the database. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => new RegExp(`${RegExp.escape(WORK)}[0-9a-f]{6}$`).test(entry))) {
    const path = join(folder, name);
    try {
      const parts = [path, ...(await readdir(path)).map((part) => join(path, part))];
      const times = await Promise.all(parts.map(async (part) => (await stat(part)).mtimeMs));
      if (Math.max(...times) < Date.now() - ABANDONED_AFTER) await rm(path, { recursive: true });
    } catch (error) {
      // It is another backup's that has just ended, or somebody else's: no reason to make no backup.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}

/** A consistent copy of the SQLite database in `folder`, which is beside the backup: where there is room for it. */
async function takeSnapshot(environment: Environment, folder: string): Promise<void> {
  // A disk that cannot be written is a good reason for a backup. (Where it can be, only who may write leaves nothing beside the database.)
  const database = await openDatabase(environment).catch(() => openForReading(environment));
  try {
    await database.backup(join(folder, SQLITE_FILE));
  } finally {
    await database.close();
  }
  const problem = await examineCopy(folder);
  if (problem) throw new OperationError(`No backup was made: ${problem}. Stop the server and restore an earlier one`);
}

interface Source {
  name: string;
  path: string;
}

async function listMedia(dataDir: string): Promise<Source[]> {
  const folder = join(dataDir, MEDIA_FOLDER);
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: path.slice(dataDir.length + 1).replaceAll(sep, '/'), path }));
}

async function writeArchive(path: string, manifest: BackupManifest, sources: readonly Source[]): Promise<number> {
  const archive = await open(path, 'wx', 0o600);
  try {
    const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
    const now = Date.now();
    await addText(archive, MANIFEST, text, now);
    const digests: Record<string, string> = {};
    for (const source of sources) {
      const digest = await addFile(archive, source);
      if (digest !== undefined) digests[source.name] = digest;
    }
    await addText(archive, DIGESTS, Buffer.from(JSON.stringify(digests)), now);
    await archive.writeFile(tarEnd);
    await archive.sync();
    return (await archive.stat()).size;
  } finally {
    await archive.close();
  }
}

async function addText(archive: FileHandle, name: string, text: Buffer, time: number): Promise<void> {
  await archive.writeFile(Buffer.concat([tarHeader({ name, size: text.length }, time), text, tarPadding(text.length)]));
}

/** Returns the digest of what was written; undefined where the file is gone. */
async function addFile(archive: FileHandle, { name, path }: Source): Promise<string | undefined> {
  const file = await open(path).catch((error: unknown) => {
    // A medium deleted since the list was made; the snapshot of the database is older, and may still speak of it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && name.startsWith(`${MEDIA_FOLDER}/`)) return undefined;
    throw error;
  });
  if (!file) return undefined;
  const digest = createHash('sha256');
  try {
    const { size, mtimeMs } = await file.stat();
    await archive.writeFile(tarHeader({ name, size }, mtimeMs));
    let written = 0;
    if (size > 0) {
      for await (const chunk of createReadStream(path, {
        fd: file,
        autoClose: false,
        start: 0,
        end: size - 1,
        highWaterMark: 1024 * 1024,
      })) {
        await archive.writeFile(chunk as Buffer);
        digest.update(chunk as Buffer);
        written += (chunk as Buffer).length;
      }
    }
    if (written !== size) throw new OperationError(`${path} shrank while it was read: try again`);
    await archive.writeFile(tarPadding(size));
    return digest.digest('hex');
  } finally {
    await file.close();
  }
}
