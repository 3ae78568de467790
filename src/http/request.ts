import { randomUUID } from 'node:crypto';
import type { Ctx } from '#context.ts';
import { problemOf } from '#http/errors.ts';
import type { Middleware } from '#http/state.ts';
import { describeError } from '#lib/log.ts';

/** First middleware of every request: what others find in `state`, the log line, and the last answer to errors no edge has rendered. */
export function requestBasics(
  ctx: Ctx,
  clientAddress: (remote: string, forwardedFor: string | undefined) => string,
): Middleware {
  return async (http, next) => {
    const started = performance.now();
    http.state.ctx = ctx;
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
      if (problem.unexpected) {
        ctx.log.error('{method} {path} failed: {error}', {
          method: http.method,
          path: pathForLog(http.path),
          error: describeError(error),
          id: http.state.requestId,
        });
      }
    }
    ctx.log.debug('{method} {path} {status}', {
      method: http.method,
      path: pathForLog(http.path),
      status: http.status,
      ms: performance.now() - started,
    });
  };
}

/** Without the owner link's secret: whoever reads logs must not become owner. */
export function pathForLog(path: string): string {
  return path.replace(/^\/setup\/.+/, '/setup/…');
}
