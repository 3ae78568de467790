/**
 * Something that happens though nobody made a mistake in the code: a refusal, a wrong setting, a full disk. Its message says what is wrong
 * and what to do, so that an entry shows the message alone. Every other error is a fault of ours and is shown whole.
 */
export class ExpectedError extends Error {
  override name = 'ExpectedError';
}
