import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from './free-port.ts';

const root = join(import.meta.dirname, '../..');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandLine {
  (...words: string[]): Promise<Finished>;
  /** Runs a command that must work, and reads what it prints as JSON. */
  json<T>(...words: string[]): Promise<T>;
  withInput(input: string, ...words: string[]): Promise<Finished>;
}

/** `parvis …` as a process of its own, with nothing in its environment but `env`. */
export function commandLine(env: Record<string, string>): CommandLine {
  const run = async (words: string[], input?: string): Promise<Finished> => {
    const child = spawn(process.execPath, [join(root, 'bin/parvis.js'), ...words], { env, stdio: 'pipe' });
    // A command that does not read its input may end before it is written.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: code as number | null, stdout, stderr };
  };
  return Object.assign((...words: string[]) => run(words), {
    withInput: (input: string, ...words: string[]) => run(words, input),
    async json<T>(...words: string[]): Promise<T> {
      const { code, stdout, stderr } = await run([...words, '--json']);
      if (code !== 0) throw new Error(`parvis ${words.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
  });
}

export interface ServerProcess {
  origin: string;
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** `npm start` as a process of its own, on loopback. */
export async function startServer(dataDir: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const all = { ORIGIN: origin, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warning', ...env };
  const child: ChildProcess = spawn(process.execPath, [join(root, 'bin/server.js')], {
    env: all,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`The server ended: ${errors}`)));
  ended.catch(() => {});
  let printed = '';
  const listening = new Promise<void>((resolve) => {
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
      if (printed.includes('Parvis serves')) resolve();
    });
  });
  await Promise.race([listening, ended]);
  return {
    origin,
    env: all,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
