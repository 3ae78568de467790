import { ExpectedError } from '#lib/expected-error.ts';

/** A backup, restore or check could not be done; the message says what to do. */
export class OperationError extends ExpectedError {
  override name = 'OperationError';
}
