import { ExpectedError } from '#lib/expected-error.ts';

/**
 * What a use-case may refuse, without a word of HTTP: each edge maps these to its own answers. The message is safe to show to whoever
 * asked; what only the operator should know goes to the log.
 */
export class DomainError extends ExpectedError {
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

export interface InvalidDetails {
  /** What is wrong, where that is not the field as a whole. */
  reason?: string;
  /** How many there were of what is limited. */
  length?: number;
  /** Of a list, which element: from 1. */
  at?: number;
  /** Everything that is wrong with what was given, this included. */
  all?: readonly Invalid[];
}

/** A value is not acceptable. `field` names it as the use-case does. */
export class Invalid extends DomainError {
  override name = 'Invalid';
  readonly field: string;
  readonly reason: string;
  readonly length: number | undefined;
  readonly at: number | undefined;
  readonly all: readonly Invalid[];
  constructor(field: string, message: string, { reason = field, length, at, all }: InvalidDetails = {}) {
    super(message);
    this.field = field;
    this.reason = reason;
    this.length = length;
    this.at = at;
    this.all = all ?? [this];
  }
}

type Checks = readonly (() => unknown)[];
type Results<C extends Checks> = { [K in keyof C]: Awaited<ReturnType<C[K]>> };

/**
 * The results of all checks, each of which may throw Invalid; whatever was wrong is thrown together, so that people hear it at once.
 * @throws Invalid, and at once any other error
 */
export async function checkAll<C extends Checks>(...checks: C): Promise<Results<C>> {
  const results: unknown[] = [];
  const problems: Invalid[] = [];
  for (const check of checks) {
    try {
      results.push(await check());
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      problems.push(...error.all);
    }
  }
  const [first, ...others] = problems;
  if (first && others.length === 0) throw first;
  if (first) throw new Invalid(first.field, problems.map(({ message }) => message).join('; '), { all: problems });
  return results as Results<C>;
}

/** It is there already, or changed meanwhile. */
export class Conflict extends DomainError {
  override name = 'Conflict';
  /** What was given and is taken; '' where it is not one value. */
  readonly field: string;
  constructor(message: string, field = '') {
    super(message);
    this.field = field;
  }
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
