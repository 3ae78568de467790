import { randomUUID } from 'node:crypto';
import type { Ctx } from '#context.ts';
import { createBodyBudget } from '#http/body-budget.ts';
import { problemOf } from '#http/errors.ts';
import type { HttpContext, Middleware } from '#http/state.ts';
import { describeError } from '#lib/log.ts';

/** First middleware of every request: what others find in `state`, the log line, and the last answer to errors no edge has rendered. */
export function requestBasics(
  ctx: Ctx,
  clientAddress: (remote: string, forwardedFor: string | undefined) => string,
): Middleware {
  const bodies = createBodyBudget();
  return async (http, next) => {
    const started = performance.now();
    http.state.ctx = ctx;
    http.state.bodies = bodies;
    http.state.requestId = randomUUID();
    const forwardedFor = http.req.headers['x-forwarded-for'];
    http.state.clientAddress = clientAddress(
      http.req.socket.remoteAddress ?? '',
      Array.isArray(forwardedFor) ? forwardedFor.join() : forwardedFor,
    );
    try {
      await next();
    } catch (error) {
      const problem = problemOf(error, ctx.now());
      http.status = problem.status;
      http.set(problem.headers);
      http.body = { error: problem.message };
      if (problem.unexpected) logProblem(http, error);
    } finally {
      http.state.body?.[Symbol.dispose]();
    }
    ctx.log.debug('{method} {path} {status}', {
      method: http.method,
      path: pathForLog(http.path),
      status: http.status,
      ms: performance.now() - started,
    });
  };
}

/** Tells the operator, and nobody else, why a request failed. */
export function logProblem(
  { method, path, state }: Pick<HttpContext, 'method' | 'path' | 'state'>,
  error: unknown,
): void {
  state.ctx.log.error('{method} {path} failed: {error}', {
    method,
    path: pathForLog(path),
    error: describeError(error),
    id: state.requestId,
  });
}

/** Without the owner link's secret: whoever reads logs must not become owner. */
export function pathForLog(path: string): string {
  return path.replace(/^\/setup\/.+/, '/setup/…');
}
