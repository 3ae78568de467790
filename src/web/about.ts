import { listAccounts } from '#domain/accounts/account-store.ts';
import { excerpt, toAccountCard } from '#web/cards.ts';
import { paragraphsOf } from '#web/front.ts';
import { basisOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { listOwners } from '#domain/sign-in/user-store.ts';
import type { WebContext } from '#web/site.ts';

export async function showAbout(http: WebContext): Promise<void> {
  const { ctx, visit } = http.state;
  const { settings, t } = visit;
  const owners = await listAccounts(ctx.db, await listOwners(ctx.db));
  showPage(http, {
    view: 'about',
    title: t.about.title,
    data: {
      paragraphs: paragraphsOf(settings.description.trim() || t.front.noDescription),
      rules: settings.rules,
      contactEmail: settings.contactEmail,
      registration: t.about.registrations[settings.registration],
      owners: owners.map((account) => toAccountCard(http, account)),
    },
    head: { canonical: `${ctx.config.origin}/about`, robots: 'index', description: excerpt(settings.description, 200) },
    basis: basisOf(settings.version, { accounts: owners }),
  });
}
