/** A backup, restore or check could not be done; the message says what to do. */
export class OperationError extends Error {
  override name = 'OperationError';
}
