import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let clone: string;
let temporary: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'parvis-clone-'));
  cpSync(join(root, 'bin'), join(clone, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(clone, 'package.json'));
  // Stands for the whole of src/: what the starter starts.
  mkdirSync(join(clone, 'src'));
  temporary = join(clone, 'tmp');
  mkdirSync(temporary);
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

/** Another Node of this machine, too old to read TypeScript. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((file) => {
    const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
    return stdout !== null && Number(/^v(\d+)/.exec(stdout)?.[1] ?? 99) < 26;
  });

describe('With a Node that is too old', () => {
  test.skipIf(oldNode === undefined).each(['server', 'parvis'])(
    'bin/%s.js says so in one line, in a clone without node_modules',
    (name) => {
      const { stderr, status } = spawnSync(oldNode!, [join(clone, `bin/${name}.js`)], { encoding: 'utf8' });
      expect(stderr).toMatch(
        /^Parvis needs Node 26 or newer, this is v\d+\.\d+\.\d+\. Run "npm ci" here and use "npm [^\n]+\n$/,
      );
      expect(status).toBe(1);
    },
  );

  test.each(['server', 'parvis'])('bin/%s.js says so before it reads any TypeScript', (name) => {
    const pretend = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })`;
    const { stderr, status } = spawnSync(process.execPath, ['--import', pretend, join(clone, `bin/${name}.js`)], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^Parvis needs Node 26 or newer.*\n$/);
    expect(status).toBe(1);
  });
});

describe('The compile cache', () => {
  const cache = () => join(clone, 'node_modules/.parvis-compile-cache');

  /** Starts an entry that prints where compiled code is kept. */
  async function folderUsed(env: Record<string, string> = {}): Promise<string> {
    const program = `import { getCompileCacheDir } from 'node:module'; console.log(getCompileCacheDir() ?? 'none');`;
    writeFileSync(join(clone, 'src/main.ts'), program);
    const { stdout } = await promisify(execFile)(process.execPath, [join(clone, 'bin/server.js')], {
      env: { TMPDIR: temporary, ...env },
    });
    return stdout.trim();
  }

  test('is in a folder of the project that only its owner can write, and not in the shared one', async () => {
    mkdirSync(join(clone, 'node_modules'));
    expect(await folderUsed()).toMatch(new RegExp(`^${RegExp.escape(cache())}/`));
    expect(statSync(cache()).mode & 0o777).toBe(0o700);
    expect(readdirSync(temporary)).toEqual([]);
    // And so the second time.
    expect(await folderUsed()).toMatch(new RegExp(`^${RegExp.escape(cache())}/`));
  });

  test('is where the operator says', async () => {
    const own = join(clone, 'own');
    expect(await folderUsed({ NODE_COMPILE_CACHE: own })).toMatch(new RegExp(`^${RegExp.escape(own)}/`));
  });

  test('is not used where others could write in it', async () => {
    mkdirSync(cache(), { recursive: true });
    chmodSync(cache(), 0o777);
    expect(await folderUsed()).toBe('none');
  });

  test.skipIf(process.getuid?.() !== 0)('is not used where it belongs to somebody else', async () => {
    mkdirSync(cache(), { recursive: true, mode: 0o700 });
    chownSync(cache(), 65_534, 65_534);
    expect(await folderUsed()).toBe('none');
  });

  test('is done without where it cannot be made', async () => {
    expect(await folderUsed()).toBe('none');
    expect(existsSync(join(clone, 'node_modules'))).toBe(false);
  });
});
