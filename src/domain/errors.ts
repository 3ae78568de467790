/**
 * What a use-case may refuse, without a word of HTTP: each edge maps these to its own answers. The message is safe to show to whoever
 * asked; what only the operator should know goes to the log.
 */
export class DomainError extends Error {
  override name = 'DomainError';
}

/** It does not exist, or whoever asks may not know that it does. */
export class NotFound extends DomainError {
  override name = 'NotFound';
  constructor(what = 'Record') {
    super(`${what} not found`);
  }
}

export class NotAllowed extends DomainError {
  override name = 'NotAllowed';
}

/** A value is not acceptable. `field` names it as the use-case does. */
export class Invalid extends DomainError {
  override name = 'Invalid';
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** It is there already, or changed meanwhile. */
export class Conflict extends DomainError {
  override name = 'Conflict';
}

export class RateLimited extends DomainError {
  override name = 'RateLimited';
  /** Epoch milliseconds from which it may be tried again. */
  readonly retryAt: number;
  constructor(retryAt: number) {
    super('Too many requests, try again later');
    this.retryAt = retryAt;
  }
}

/** Another server did not answer, or not sensibly. */
export class Upstream extends DomainError {
  override name = 'Upstream';
}
