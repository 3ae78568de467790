import { NotAllowed } from '#domain/errors.ts';
import { claimOwnership, isOwnerLinkOpen } from '#domain/sign-in/owner-link.ts';
import { openSession } from '#domain/sign-in/sign-in.ts';
import { csrfToken } from '#http/csrf.ts';
import { readForm } from '#http/form.ts';
import { startSession } from '#http/session.ts';
import { errorsOf, type Problem, problemsWith } from '#web/form-problem.ts';
import { seeOther, showPage } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

const fields = ['username', 'email', 'password'] as const;

/** The page behind the owner's link: creates the owner, or says why it cannot. */
export async function showSetup(
  http: WebContext,
  failed?: { username: string; email: string; problems: readonly Problem[] },
): Promise<void> {
  const { ctx, visit } = http.state;
  const { t } = visit;
  // The address is a secret: it leaves in no Referer, not even to ourselves.
  http.set('referrer-policy', 'no-referrer');
  if (!(await isOwnerLinkOpen(ctx, http.params['token'] ?? ''))) {
    return showPage(http, {
      view: 'setup-closed',
      title: t.setup.closedTitle,
      status: 403,
      // Of a copy started by `npm start` nothing is installed; of any other the bare command knows whose database it is.
      data: { command: ctx.config.scheme === 'http' ? 'npm run -s parvis -- owner-link' : 'parvis owner-link' },
      head: { robots: 'noindex' },
    });
  }
  showPage(http, {
    view: 'setup',
    title: t.setup.title,
    isRefused: failed !== undefined,
    data: {
      csrf: csrfToken(http),
      intro: t.setup.intro(ctx.config.host),
      usernameHelp: t.setup.usernameHelp(ctx.config.host),
      username: failed?.username ?? '',
      email: failed?.email ?? '',
      ...errorsOf(fields, failed?.problems),
    },
    head: { robots: 'noindex' },
  });
}

export async function handleSetup(http: WebContext): Promise<void> {
  const { ctx } = http.state;
  const form = await readForm(http);
  const [username, email] = [form.text('username').replace(/^@/, ''), form.text('email')];
  try {
    const owner = await claimOwnership(ctx, http.params['token'] ?? '', {
      username,
      email,
      password: form.raw('password'),
    });
    await startSession(http, await openSession(ctx, owner.id));
    seeOther(http, '/settings/instance?welcome=yes');
  } catch (error) {
    if (error instanceof NotAllowed) return showSetup(http);
    await showSetup(http, { username, email, problems: problemsWith(http, error) });
  }
}
