import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readTar, tarEnd, tarHeader, tarPadding } from '#lib/tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'parvis-tar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'test.tar');
const hasTar = spawnSync('tar', ['--version']).status === 0;

function pack(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  const parts = files.flatMap(([name, bytes]) => [
    tarHeader({ name, size: bytes.length }, 0),
    bytes,
    tarPadding(bytes.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

async function unpack(bytes: Buffer): Promise<[string, Buffer][]> {
  writeFileSync(file, bytes);
  const handle = await open(file);
  try {
    const found: [string, Buffer][] = [];
    for await (const { name, chunks } of readTar(handle))
      found.push([name, Buffer.concat(await Array.fromAsync(chunks()))]);
    return found;
  } finally {
    await handle.close();
  }
}

describe('A tar file', () => {
  test('gives back what was put in', async () => {
    const files = fc.array(
      fc.tuple(fc.stringMatching(/^[a-z]{1,60}(\/[a-z0-9.]{1,60}){0,2}$/), fc.uint8Array({ maxLength: 2_000 })),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(files, async (entries) => {
        expect(await unpack(pack(entries))).toEqual(entries.map(([name, bytes]) => [name, Buffer.from(bytes)]));
      }),
      { numRuns: 50 },
    );
  });

  test.runIf(hasTar)('is one for everybody', () => {
    const name = `media/${'a'.repeat(90)}/${'b'.repeat(90)}`;
    writeFileSync(
      file,
      pack([
        ['secret', Buffer.from('s3')],
        [name, Buffer.alloc(1_000, 'x')],
      ]),
    );
    execFileSync('tar', ['-xf', file, '-C', folder]);
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('s3');
    expect(readFileSync(join(folder, name))).toHaveLength(1_000);
  });

  test('can hold more than 8 GiB', () => {
    const header = tarHeader({ name: 'parvis.sqlite', size: 10 * 2 ** 30 }, 0);
    expect(header.readBigUInt64BE(128)).toBe(10n * 2n ** 30n);
    expect(header[124]).toBe(0x80);
  });

  test.each([
    ['damaged', (tar: Buffer) => tar.fill(0x41, 0, 3), 'it is not a tar file, or damaged'],
    ['cut short', (tar: Buffer) => tar.subarray(0, 700), 'it ends too early'],
    ['something else', () => Buffer.alloc(2_048, 'text'), 'it is not a tar file, or damaged'],
    ['empty', () => Buffer.alloc(0), 'it ends too early'],
  ])('is refused where it is %s', async (_, change, message) => {
    await expect(unpack(change(pack([['secret', Buffer.from('s3')]])))).rejects.toThrow(message);
  });

  test('is refused where it holds a link', async () => {
    const tar = pack([['secret', Buffer.alloc(0)]]);
    tar.write('2', 156);
    tar.write('    ', 148);
    const sum = tar.subarray(0, 512).reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await expect(unpack(tar)).rejects.toThrow('secret is not a regular file');
  });
});
