import type { Middleware } from 'koa';
import { NotFound } from '#domain/errors.ts';
import { problemOf } from '#http/errors.ts';
import { pathForLog } from '#http/request.ts';
import { FormExpired } from '#http/form.ts';
import { describeError } from '#lib/log.ts';
import { showPage } from '#web/page.ts';
import type { WebContext, WebState } from '#web/site.ts';

/** It was here for everybody to see, and was deleted. */
export class Gone extends Error {
  override name = 'Gone';
}

/** Shows whatever goes wrong below as a page in the person's language. */
export const errorPages: Middleware<WebState> = async (http, next) => {
  try {
    await next();
    if (http.status === 404 && http.body === undefined) throw new NotFound('Page');
    if (http.status === 405) showError(http as WebContext, 405);
  } catch (error) {
    const { ctx, requestId } = http.state;
    if (error instanceof Gone) return showError(http as WebContext, 410);
    if (error instanceof FormExpired) return showError(http as WebContext, 403, 'expired');
    const problem = problemOf(error, ctx.now());
    if (problem.unexpected) {
      ctx.log.error('{method} {path} failed: {error}', {
        method: http.method,
        path: pathForLog(http.path),
        error: describeError(error),
        id: requestId,
      });
    }
    http.set(problem.headers);
    showError(http as WebContext, problem.status);
  }
};

type ErrorKey = Exclude<keyof WebState['visit']['t']['errors'], 'back'>;

/** The same bytes for every 404: absent, private and deleted look alike (A43). So nothing here depends on what was asked. */
function showError(http: WebContext, status: number, key?: 'expired'): void {
  const { errors } = http.state.visit.t;
  const known = (key ?? (status in errors ? status : status >= 500 ? 500 : 400)) as ErrorKey;
  const { title, text } = errors[known];
  // What a page had said of itself before it failed.
  for (const name of ['etag', 'last-modified', 'location', 'x-robots-tag']) http.remove(name);
  showPage(http, {
    view: 'error',
    title,
    status,
    data: { status: String(status), title, text },
    head: { robots: 'noindex' },
  });
}
