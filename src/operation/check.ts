import { ExpectedError } from '#lib/expected-error.ts';

/** What one check of the doctor found. */
export interface Check {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  /** What is so. */
  message: string;
  /** What to do about it; only where something is to be done. */
  advice?: string;
}

type Finding = Omit<Check, 'name'>;

export const ok = (message: string): Finding => ({ status: 'ok', message });
export const warn = (message: string, advice: string): Finding => ({ status: 'warn', message, advice });
export const fail = (message: string, advice: string): Finding => ({ status: 'fail', message, advice });

/** Runs a check: one that breaks has failed, and does not keep the others from running. */
export async function check(name: string, examine: () => Promise<Finding> | Finding): Promise<Check> {
  try {
    return { name, ...(await examine()) };
  } catch (error) {
    if (error instanceof ExpectedError) return { name, ...fail(error.message, 'do what it says') };
    return { name, ...fail(`cannot be checked: ${(error as Error).message}`, 'see the message') };
  }
}
