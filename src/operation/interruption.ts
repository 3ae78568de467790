import { rmSync } from 'node:fs';
import { constants } from 'node:os';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/**
 * Does `work`, and removes `path` where a signal ends the process meanwhile: what is half done is of no use, and may hold everybody's
 * keys.
 */
export async function removedWhenInterrupted<T>(path: string, work: () => Promise<T>): Promise<T> {
  const end = (signal: NodeJS.Signals) => {
    // Something may still be writing there.
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.once(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}
