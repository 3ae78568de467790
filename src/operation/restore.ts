import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SECRET_FILE, SQLITE_FILE } from '#lib/data-folder.ts';
import { readTar } from '#lib/tar.ts';
import { type BackupManifest, DIGESTS, explained, MANIFEST, MEDIA_FOLDER, syncFolder } from '#operation/archive.ts';
import { examineCopy } from '#operation/check-database.ts';
import { removedWhenInterrupted } from '#operation/interruption.ts';
import { OperationError } from '#operation/operation-error.ts';

export interface RestoreReport extends BackupManifest {
  dataDir: string;
  files: number;
}

/**
 * Unpacks a backup into `target`, which must be empty or not there, and checks what came out before anything gets its name: an interrupted
 * restore leaves no folder that looks like a server's. Replaces nothing that a server puts there meanwhile.
 * @throws OperationError
 */
export async function restore(source: string, target: string): Promise<RestoreReport> {
  const dataDir = resolve(target);
  const isThere = existsSync(dataDir);
  if (isThere && (!statSync(dataDir).isDirectory() || (await readdir(dataDir)).length > 0)) {
    throw new OperationError(`${dataDir} is not empty: restore into a new folder`);
  }
  const file = await openArchive(source);
  // In the folder, not beside it: whoever may write the one may not always write the other.
  const partial = join(dataDir, 'restoring');
  const placed: string[] = [];
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o750 });
    await mkdir(partial, { mode: 0o750 });
    placed.push(partial);
    return await removedWhenInterrupted(partial, async () => {
      const { manifest, files } = await unpack(file, partial);
      await checkRestored(manifest, partial);
      // The secret last: without it, no server starts beside the database.
      for (const name of [MEDIA_FOLDER, SQLITE_FILE, SECRET_FILE]) {
        if (!existsSync(join(partial, name))) continue;
        await place(join(partial, name), join(dataDir, name));
        placed.push(join(dataDir, name));
      }
      await rm(partial, { recursive: true });
      await syncFolder(dataDir);
      return { ...manifest, dataDir, files };
    });
  } catch (error) {
    for (const path of placed) await rm(path, { recursive: true, force: true });
    // Only if it is empty: what somebody else put there is theirs.
    if (!isThere) await rmdir(dataDir).catch(() => {});
    throw explained(error, dataDir);
  } finally {
    await file.close();
  }
}

/** Gives a file, or a folder, its name, unless there is one of that name already: a link, unlike a rename, replaces nothing. */
async function place(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Folders have no links, nor have some file systems.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    await rename(from, to);
  }
}

async function openArchive(path: string): Promise<FileHandle> {
  try {
    // Opening a folder works, reading it does not.
    if (statSync(path).isDirectory()) throw Object.assign(new Error('It is a folder'), { code: 'EISDIR' });
    return await open(path);
  } catch (error) {
    throw explained(error, path);
  }
}

async function unpack(file: FileHandle, folder: string): Promise<{ manifest: BackupManifest; files: number }> {
  let manifest: BackupManifest | undefined;
  let files = 0;
  const found: Record<string, string> = {};
  let isVerified = false;
  try {
    for await (const { name, size, chunks } of readTar(file)) {
      if (!manifest) {
        if (name !== MANIFEST || size > 10_000) throw new Error('it was not made by "parvis backup"');
        manifest = readManifest(Buffer.concat(await Array.fromAsync(chunks())));
        continue;
      }
      if (isVerified) throw new Error(`it holds ${name} behind its end`);
      if (name === DIGESTS && size < DIGESTS_LIMIT) {
        verify(found, JSON.parse(Buffer.concat(await Array.fromAsync(chunks())).toString()) as Record<string, unknown>);
        isVerified = true;
        continue;
      }
      if (!isOurs(name)) throw new Error(`it holds ${name}, which no backup does`);
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      const written = await open(path, 'wx', 0o600);
      try {
        const digest = createHash('sha256');
        for await (const chunk of chunks()) {
          digest.update(chunk);
          await written.writeFile(chunk);
        }
        await written.sync();
        found[name] = digest.digest('hex');
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
  if (manifest.hasDigests === true && !isVerified)
    throw new OperationError('This backup cannot be used: its end, with the digests of its files, is missing');
  return { manifest, files };
}

/** Bytes of the digests of some hundred thousand files. */
const DIGESTS_LIMIT = 64 * 1024 * 1024;

/** @throws Error where a file is not what was written when the backup was made */
function verify(found: Readonly<Record<string, string>>, expected: Readonly<Record<string, unknown>>): void {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const wrong = [...names].filter((name) => found[name] !== expected[name]);
  if (wrong.length > 0) throw new Error(`${wrong.slice(0, 3).join(', ')} was changed since it was made`);
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
  const problem = await examineCopy(folder);
  if (problem) throw new OperationError(`This backup cannot be used: ${problem}`);
}
