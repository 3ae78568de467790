import { randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ExpectedError } from '#lib/expected-error.ts';

/**
 * The 32 bytes that `file` holds in hex; undefined where there is no file, or an empty one, which is what an interrupted copy leaves.
 * Changes nothing. @throws ExpectedError
 */
export function findSecret(file: string): Buffer | undefined {
  const text = read(file)?.trim();
  if (text === undefined || text === '') return undefined;
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new ExpectedError(`${file} is damaged: restore it from a backup (private keys cannot be read without it)`);
  }
  return Buffer.from(text, 'hex');
}

/**
 * Makes the secret in `file`, for its owner only, and returns it: on disk as a whole or not at all. Of two processes that make it at once
 * one wins, and both return what the file holds. @throws ExpectedError
 */
export function makeSecret(file: string): Buffer {
  const draft = `${file}.${randomUUID()}`;
  try {
    writeDurably(draft, randomBytes(32).toString('hex'));
    putInPlace(draft, file);
    syncFolder(dirname(file));
  } catch (error) {
    throw new ExpectedError(
      `${file} cannot be written (${codeOf(error)}): free some disk or change the folder's owner`,
      { cause: error },
    );
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = findSecret(file);
  if (!secret) throw new ExpectedError(`${file} was emptied by another program: delete it and start again`);
  return secret;
}

/** Takes the secret from everybody but its owner. Whoever may not change the mode does not own it: their choice. */
export function protectSecret(file: string): void {
  if ((statSync(file).mode & 0o077) === 0) return;
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    const advice =
      code === 'EACCES' || code === 'EPERM'
        ? `it belongs to another user. "chown" it to the one that runs the server`
        : 'put the file of a backup there';
    throw new ExpectedError(`${file} cannot be read (${code}): ${advice}`, { cause: error });
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Gives the finished file its name, unless another process did so first: a link, unlike a rename, replaces nothing. */
function putInPlace(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    // An empty file is nobody's secret; and some file systems have no links.
    if (codeOf(error) !== 'EEXIST' || statSync(file).size === 0) renameSync(draft, file);
  }
}

/** A name is on disk once its folder is. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
