import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '#config.ts';
import { SECRET_FILE, SQLITE_FILE } from '#lib/data-folder.ts';
import { findSecret } from '#lib/secret-file.ts';
import { fail, ok, warn } from '#operation/check.ts';

const MEGABYTE = 1024 * 1024;

/** Whoever reads these files can act for everybody here; whoever writes into their folder can put others in their place. */
export function checkFiles({ dataDir, databaseUrl }: Environment) {
  if (!existsSync(dataDir)) return fail(`${dataDir} is not there`, "set DATA_DIR to the server's folder");
  const files = [SECRET_FILE, ...(databaseUrl === undefined ? [SQLITE_FILE] : [])]
    .map((name) => join(dataDir, name))
    .filter((file) => existsSync(file));
  const open = files.filter((file) => (statSync(file).mode & 0o077) !== 0);
  if (open.length > 0)
    return fail(`${open.join(' and ')} can be read by others on this machine`, `chmod 600 ${open.join(' ')}`);
  const { mode } = statSync(dataDir);
  const close = `chmod 750 ${dataDir}`;
  if ((mode & 0o002) !== 0) return fail(`${dataDir} can be written by others on this machine`, close);
  if ((mode & 0o025) !== 0) return warn(`${dataDir} is open to more than its owner and its group's reading`, close);
  const user = process.getuid?.();
  const foreign = files.filter((file) => user !== undefined && statSync(file).uid !== user);
  if (foreign.length > 0) {
    return warn(
      `${foreign.join(' and ')} belong to another user than this command runs as`,
      'run parvis as the user the server runs as',
    );
  }
  return ok('secret and database are readable by their owner only');
}

/** `fits` says whether a secret belongs to the database; undefined where that cannot be found out. */
export async function checkSecret({ dataDir }: Environment, fits?: (secret: Buffer) => Promise<boolean>) {
  const secret = findSecret(join(dataDir, SECRET_FILE));
  if (!secret)
    return fail(`there is none in ${dataDir}`, `restore it from a backup, or set DATA_DIR to the server's folder`);
  if (!fits) return ok('it is there');
  return (await fits(secret))
    ? ok('it opens the keys in the database')
    : fail('it does not open the keys in the database', `restore ${join(dataDir, SECRET_FILE)} from a backup`);
}

function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

export async function checkDisk({ dataDir }: Environment) {
  const { bavail, bsize } = await statfs(dataDir);
  const free = (bavail * bsize) / MEGABYTE;
  const message = free > 10_240 ? `${Math.round(free / 1024)} GB free` : `${Math.round(free)} MB free`;
  const advice = `free some space on the disk of ${dataDir}`;
  if (isReadOnly(dataDir))
    return fail(`${dataDir} is on a disk that cannot be written`, 'see the log of the system: dmesg');
  if (free < 100) return fail(message, advice);
  return free < 1_024 ? warn(message, advice) : ok(message);
}
