import { Conflict, DomainError, Invalid, NotAllowed, NotFound, RateLimited, Upstream } from '#domain/errors.ts';
import { BodyAborted, BodyTooLarge, TooManyBodies } from '#http/body.ts';
import { ExpectedError } from '#lib/expected-error.ts';

/** What an error means in HTTP. `message` may be shown to whoever asked. */
export interface HttpProblem {
  status: number;
  message: string;
  /** For errors of ours: the cause goes to the log and to nobody else. */
  unexpected: boolean;
  headers: Record<string, string>;
}

/** The one place where errors become statuses; each edge renders its own body. */
export function problemOf(error: unknown, now: number): HttpProblem {
  const problem = (status: number, message: string, headers: Record<string, string> = {}) => ({
    status,
    message,
    headers,
    unexpected: status === 500 || status === 503,
  });
  if (error instanceof NotFound) return problem(404, error.message);
  if (error instanceof NotAllowed) return problem(403, error.message);
  if (error instanceof Invalid) return problem(422, error.message);
  if (error instanceof Conflict) return problem(409, error.message);
  if (error instanceof Upstream) return problem(502, error.message);
  if (error instanceof RateLimited) {
    return problem(429, error.message, {
      'retry-after': String(Math.max(1, Math.ceil((error.retryAt - now) / 1_000))),
    });
  }
  if (error instanceof DomainError) return problem(400, error.message);
  if (error instanceof BodyAborted) return problem(400, error.message);
  if (error instanceof BodyTooLarge) return problem(413, 'That is too large');
  // Strangers bring it about at will: no line in the log for each.
  if (error instanceof TooManyBodies)
    return { ...problem(503, 'Too much is being sent at the moment', { 'retry-after': '60' }), unexpected: false };
  // Of the errors that are expected, those of the domain are answered above: this is a database that cannot be used for a while.
  if (error instanceof ExpectedError)
    return problem(503, 'The server cannot save anything at the moment', { 'retry-after': '60' });
  const { status, expose, message } = (error ?? {}) as { status?: number; expose?: boolean; message?: string };
  if (expose && status !== undefined && status >= 400 && status < 500) return problem(status, message ?? 'Bad request');
  return problem(500, 'Something went wrong on our side');
}
