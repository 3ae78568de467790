import type { Middleware } from 'koa';
import { NotFound } from '#domain/errors.ts';
import { problemOf } from '#http/errors.ts';
import { FormExpired } from '#http/form.ts';
import { logProblem } from '#http/request.ts';
import { showPage } from '#web/page.ts';
import { redirectToSignIn, SignInFirst } from '#web/sign-in.ts';
import type { WebContext, WebState } from '#web/site.ts';
import { showUnpublished } from '#web/unpublished.ts';
import { guessVisit } from '#web/visit.ts';

/** It was here for everybody to see, and was deleted. */
export class Gone extends Error {
  override name = 'Gone';
}

/** Shows whatever goes wrong below as a page in the person's language: also where the database, and so the visit, cannot be read. */
export const errorPages: Middleware<WebState> = async (http, next) => {
  try {
    await next();
    if (http.status === 404 && http.body === undefined) throw new NotFound('Page');
    if (http.status === 405) showError(http as WebContext, { status: 405 });
  } catch (error) {
    await answerError(http as WebContext, error);
  }
};

async function answerError(http: WebContext, error: unknown): Promise<void> {
  const state: Partial<WebState> = http.state;
  state.visit ??= guessVisit(http);
  const problem = problemOf(error, http.state.ctx.now());
  if (problem.unexpected && !(error instanceof Gone)) logProblem(http, error);
  http.set(problem.headers);
  const shown = error instanceof Gone ? { status: 410 } : { status: problem.status, key: keyOf(error) };
  if (await showUnpublished(http, { status: shown.status, ...wordsFor(http, shown) })) return;
  if (error instanceof SignInFirst) redirectToSignIn(http);
  else showError(http, shown);
}

type ErrorKey = Exclude<keyof WebState['visit']['t']['errors'], 'back' | 'inTitle'>;

interface Shown {
  status: number;
  /** Where the status alone does not say what happened. */
  key?: ErrorKey | undefined;
}

function keyOf(error: unknown): ErrorKey | undefined {
  if (error instanceof FormExpired) return 'expired';
  return error instanceof SignInFirst ? 'signedOut' : undefined;
}

function wordsFor(http: WebContext, { status, key }: Shown): { title: string; text: string } {
  const { errors } = http.state.visit.t;
  return errors[(key ?? (status in errors ? status : status >= 500 ? 500 : 400)) as ErrorKey];
}

/** The same bytes for every 404: absent, private and deleted look alike (A43). So nothing here depends on what was asked. */
function showError(http: WebContext, shown: Shown): void {
  const { status } = shown;
  const { title, text } = wordsFor(http, shown);
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
