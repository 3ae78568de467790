import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Config } from '#config.ts';
import type { Database } from '#db/database.ts';
import { openDatabase, SQLITE_FILE } from '#db/open.ts';
import { checkDatabase } from '#operation/check-database.ts';
import { OperationError } from '#operation/operation-error.ts';
import { readTar, tarEnd, tarHeader, tarPadding } from '#lib/tar.ts';

/** First entry of a backup: what the rest is. */
const MANIFEST = 'parvis-backup.json';
const SECRET_FILE = 'secret';
const MEDIA_FOLDER = 'media';

export interface BackupManifest {
  format: 1;
  origin: string;
  createdAt: string;
  database: 'sqlite' | 'none';
}

export interface BackupReport extends BackupManifest {
  file: string;
  files: number;
  bytes: number;
}

/**
 * Writes database, secret and media of a server that may run meanwhile into one tar file: first beside it, under its final name only when
 * all is on disk. The database goes first, so that every file it speaks of is in the backup too. Readable by its owner only: it holds the
 * keys of everybody here.
 * @throws OperationError
 */
export async function backUp(
  config: Config,
  target: string,
  options: { withoutDatabase: boolean },
): Promise<BackupReport> {
  const file = resolve(target);
  if (existsSync(file)) throw new OperationError(`${file} exists: choose another name, for instance with the date`);
  if (!existsSync(dirname(file))) throw new OperationError(`${dirname(file)} is not there: make that folder first`);
  const snapshot = options.withoutDatabase ? undefined : await takeSnapshot(config, `${file}.snapshot`);
  const partial = `${file}.partial`;
  try {
    const manifest: BackupManifest = {
      format: 1,
      origin: config.origin,
      createdAt: new Date().toISOString(),
      database: snapshot ? 'sqlite' : 'none',
    };
    const sources = [
      ...(snapshot ? [{ name: SQLITE_FILE, path: snapshot }] : []),
      { name: SECRET_FILE, path: join(config.dataDir, SECRET_FILE) },
      ...(await listMedia(config.dataDir)),
    ];
    await rm(partial, { force: true });
    const bytes = await writeArchive(partial, manifest, sources);
    await rename(partial, file);
    await syncFolder(dirname(file));
    return { ...manifest, file, files: sources.length, bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw explained(error, file);
  } finally {
    if (snapshot) await rm(dirname(snapshot), { recursive: true, force: true });
  }
}

/** A consistent copy of the SQLite database in `folder`: beside the backup, where there is room for it. Returns its path. */
async function takeSnapshot(config: Config, folder: string): Promise<string> {
  if (config.databaseUrl !== undefined) {
    throw new OperationError('The database is PostgreSQL: save it with pg_dump, and the rest with --without-database');
  }
  if (!existsSync(join(config.dataDir, SQLITE_FILE))) {
    throw new OperationError(`There is no database in ${config.dataDir}: set DATA_DIR to the server's folder`);
  }
  try {
    // An interrupted backup may have left one.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const database = await openDatabase(config);
    try {
      await database.backup(join(folder, SQLITE_FILE));
    } finally {
      await database.close();
    }
    return join(folder, SQLITE_FILE);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw explained(error, folder);
  }
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
    await archive.writeFile(
      Buffer.concat([tarHeader({ name: MANIFEST, size: text.length }, now), text, tarPadding(text.length)]),
    );
    for (const source of sources) await addFile(archive, source);
    await archive.writeFile(tarEnd);
    await archive.sync();
    return (await archive.stat()).size;
  } finally {
    await archive.close();
  }
}

async function addFile(archive: FileHandle, { name, path }: Source): Promise<void> {
  const file = await open(path).catch((error: unknown) => {
    // A medium deleted since the list was made; the snapshot of the database is older, and may still speak of it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && name.startsWith(`${MEDIA_FOLDER}/`)) return undefined;
    throw error;
  });
  if (!file) return;
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
        written += (chunk as Buffer).length;
      }
    }
    if (written !== size) throw new OperationError(`${path} shrank while it was read: try again`);
    await archive.writeFile(tarPadding(size));
  } finally {
    await file.close();
  }
}

export interface RestoreReport extends BackupManifest {
  dataDir: string;
  files: number;
}

/**
 * Unpacks a backup into `target`, which must be empty or not there, and checks what came out before anything gets its name: an interrupted
 * restore leaves no folder that looks like a server's.
 * @throws OperationError
 */
export async function restore(source: string, target: string): Promise<RestoreReport> {
  const dataDir = resolve(target);
  const isThere = existsSync(dataDir);
  if (isThere && (!statSync(dataDir).isDirectory() || (await readdir(dataDir)).length > 0)) {
    throw new OperationError(`${dataDir} is not empty: restore into a new folder`);
  }
  const file = await open(source).catch((error: unknown) => {
    throw explained(error, source);
  });
  // In the folder, not beside it: whoever may write the one may not always write the other.
  const partial = join(dataDir, 'restoring');
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o750 });
    await mkdir(partial, { mode: 0o750 });
    const { manifest, files } = await unpack(file, partial);
    await checkRestored(manifest, partial);
    // The database last: without it, it is not yet a server's folder.
    for (const name of [SECRET_FILE, MEDIA_FOLDER, SQLITE_FILE]) {
      if (existsSync(join(partial, name))) await rename(join(partial, name), join(dataDir, name));
    }
    await rm(partial, { recursive: true });
    await syncFolder(dataDir);
    return { ...manifest, dataDir, files };
  } catch (error) {
    await rm(isThere ? partial : dataDir, { recursive: true, force: true });
    throw explained(error, dataDir);
  } finally {
    await file.close();
  }
}

async function unpack(file: FileHandle, folder: string): Promise<{ manifest: BackupManifest; files: number }> {
  let manifest: BackupManifest | undefined;
  let files = 0;
  try {
    for await (const { name, size, chunks } of readTar(file)) {
      if (!manifest) {
        if (name !== MANIFEST || size > 10_000) throw new Error('it was not made by "parvis backup"');
        manifest = readManifest(Buffer.concat(await Array.fromAsync(chunks())));
        continue;
      }
      if (!isOurs(name)) throw new Error(`it holds ${name}, which no backup does`);
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      const written = await open(path, 'wx', 0o600);
      try {
        for await (const chunk of chunks()) await written.writeFile(chunk);
        await written.sync();
      } finally {
        await written.close();
      }
      files++;
    }
  } catch (error) {
    // What the system says (a full disk, say) is about the target, the rest about the archive.
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new OperationError(`This backup cannot be used: ${(error as Error).message}`, { cause: error });
  }
  if (!manifest) throw new OperationError('This backup cannot be used: it is empty');
  return { manifest, files };
}

function readManifest(bytes: Buffer): BackupManifest {
  const manifest = JSON.parse(bytes.toString()) as Partial<BackupManifest>;
  if (manifest.format !== 1) throw new Error('a newer version of Parvis made it: restore it with that one');
  return manifest as BackupManifest;
}

/** Database, secret, and files below media/: nothing that could land anywhere else. */
function isOurs(name: string): boolean {
  if (name === SQLITE_FILE || name === SECRET_FILE) return true;
  const [folder, ...rest] = name.split('/');
  return (
    folder === MEDIA_FOLDER &&
    rest.length > 0 &&
    rest.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\:\0]/.test(part))
  );
}

async function checkRestored(manifest: BackupManifest, folder: string): Promise<void> {
  const secret = join(folder, SECRET_FILE);
  if (!existsSync(secret) || !/^[0-9a-f]{64}\s*$/.test(readFileSync(secret, 'utf8'))) {
    throw new OperationError('This backup cannot be used: its secret is missing or damaged');
  }
  if (manifest.database === 'none') return;
  if (!existsSync(join(folder, SQLITE_FILE)))
    throw new OperationError('This backup cannot be used: its database is missing');
  const problem = await examineDatabase(folder);
  if (problem) throw new OperationError(`This backup cannot be used: ${problem}`);
}

async function examineDatabase(folder: string): Promise<string | undefined> {
  let database: Database;
  try {
    database = await openDatabase({ databaseUrl: undefined, dataDir: folder });
  } catch (error) {
    return (error as Error).message;
  }
  try {
    return await checkDatabase(database);
  } finally {
    await database.close();
  }
}

/** A rename is on disk once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOSPC: 'the disk is full: free some space and try again',
  EACCES: 'this user may not: run it as the user the server runs as, and choose a folder that user can write',
  EROFS: 'the disk cannot be written',
};

function explained(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const reason = code === undefined ? undefined : reasons[code];
  return reason === undefined ? error : new OperationError(`${basename(path)}: ${reason}`, { cause: error });
}
