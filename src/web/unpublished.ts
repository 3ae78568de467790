import { csrfToken } from '#http/csrf.ts';
import { readTyped } from '#http/form.ts';
import { composeForm, readComposed } from '#web/compose.ts';
import { showPage } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

/**
 * Gives a post back to its author that could not be published for a reason that is not in it: the session is over, the form too old, the
 * database down. So this reads nothing but the request. False where there is no text to lose, or where another site sent it.
 */
export async function showUnpublished(
  http: WebContext,
  { status, title, text }: { status: number; title: string; text: string },
): Promise<boolean> {
  if (http.method !== 'POST' || http.path !== '/publish') return false;
  const form = await readTyped(http).catch(() => undefined);
  const typed = form && readComposed(form);
  if (!typed || typed.text === '') return false;
  const { viewer } = http.state.visit;
  showPage(http, {
    view: 'unpublished',
    title,
    status,
    isRefused: true,
    data: {
      csrf: csrfToken(http),
      heading: title,
      reason: text,
      // In another tab, so that this page, which alone has the text, stays open.
      signIn: viewer ? '' : '/sign-in',
      compose: await composeForm(http, { typed }),
    },
    head: { robots: 'noindex' },
  });
  return true;
}
