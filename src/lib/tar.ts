import type { FileHandle } from 'node:fs/promises';

/**
 * Tar files as POSIX defines them (ustar), regular files only: what a backup needs, and what every `tar` on earth unpacks. No links,
 * devices or folders exist here, so that reading a file somebody else made can only ever give names and bytes.
 */
const BLOCK = 512;
const CHUNK = 1024 * 1024;
/** Above it, the size is written in base 256, as GNU and BSD tar do. */
const OCTAL_LIMIT = 8 ** 11;

export interface TarEntry {
  name: string;
  size: number;
}

/** @throws Error when the name does not fit (100 bytes, or 155 more before a slash). */
export function tarHeader({ name, size }: TarEntry, modifiedAt: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const [prefix, base] = splitName(name);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(base, 0);
  header.write(octal(0o600, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  if (size < OCTAL_LIMIT) {
    header.write(octal(size, 12), 124);
  } else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write(octal(Math.floor(modifiedAt / 1000), 12), 136);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(prefix, 345);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Zeros that fill the last block of an entry. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const tarEnd = Buffer.alloc(2 * BLOCK);

/** Entries of a tar file, in order, each with its bytes, to be read before the next. @throws Error when it is damaged or holds anything but files. */
export async function* readTar(file: FileHandle): AsyncGenerator<TarEntry & { chunks(): AsyncGenerator<Buffer> }> {
  let position = 0;
  for (;;) {
    const header = await readExactly(file, position, BLOCK);
    position += BLOCK;
    if (header.every((byte) => byte === 0)) return;
    const entry = readHeader(header);
    const start = position;
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let read = 0; read < entry.size; read += CHUNK)
        yield await readExactly(file, start + read, Math.min(CHUNK, entry.size - read));
    }
    yield { ...entry, chunks };
    position += entry.size + tarPadding(entry.size).length;
  }
}

function readHeader(header: Buffer): TarEntry {
  const text = (start: number, length: number) => header.toString('utf8', start, start + length).replace(/\0[^]*/, '');
  const stated = Number.parseInt(text(148, 8), 8);
  if (text(257, 5) !== 'ustar' || stated !== checksum(header)) throw new Error('it is not a tar file, or damaged');
  const type = String.fromCharCode(header[156]!);
  const prefix = text(345, 155);
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  if (type !== '0' && type !== '\0') throw new Error(`${name} is not a regular file`);
  const size = (header[124]! & 0x80) === 0 ? Number.parseInt(text(124, 12), 8) : Number(header.readBigUInt64BE(128));
  if (!Number.isSafeInteger(size) || size < 0) throw new Error(`the size of ${name} makes no sense`);
  return { name, size };
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const { bytesRead } = await file.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) throw new Error('it ends too early');
    read += bytesRead;
  }
  return buffer;
}

/** Sum of the header's bytes, its own field taken as spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
}

function splitName(name: string): [prefix: string, base: string] {
  if (Buffer.byteLength(name) <= 100) return ['', name];
  for (let slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
    const [prefix, base] = [name.slice(0, slash), name.slice(slash + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(base) <= 100) return [prefix, base];
  }
  throw new Error(`${name} is too long a name for a tar file`);
}
