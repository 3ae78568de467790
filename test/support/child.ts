import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface NodeChild {
  readonly process: ChildProcess;
  /** What it has written so far, both streams. */
  output(): string;
  /** Resolves with the first match of what it writes; rejects when it ends before, or after `patience` milliseconds. */
  says(pattern: RegExp, patience?: number): Promise<RegExpExecArray>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs a file of the project in a Node process of its own, with nothing of this process's environment but PATH. */
export function startNode(
  file: string,
  env: Record<string, string | undefined>,
  args: readonly string[] = [],
): NodeChild {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let listener = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      listener();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1)),
  );
  // A test that fails leaves no process behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  return {
    process: child,
    output: () => output,
    ended,
    says(pattern, patience = 90_000) {
      return new Promise((resolve, reject) => {
        const give = (error: Error) => {
          clearTimeout(timer);
          reject(error);
        };
        const timer = setTimeout(() => give(new Error(`It did not say ${pattern}, but: ${output}`)), patience);
        listener = () => {
          const match = pattern.exec(output);
          if (!match) return;
          clearTimeout(timer);
          resolve(match);
        };
        void ended.then((code) => give(new Error(`It ended (${code}) before it said ${pattern}: ${output}`)));
        listener();
      });
    },
  };
}
