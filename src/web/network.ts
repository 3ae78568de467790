import { isLocal } from '#domain/accounts/account.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { listFollowers, listFollowing } from '#domain/relationships/follow-store.ts';
import { nameOf, profilePath, toAccountCard } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { basisOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { paging, readBefore, takePage } from '#web/paging.ts';
import { tabLinks, toProfile } from '#web/profile.ts';
import type { WebContext } from '#web/site.ts';

const PEOPLE = 40;

/** Who follows a local account, or whom it follows. Hidden lists are for their owner only, and look absent to others. */
export async function showNetwork(http: WebContext, side: 'followers' | 'following'): Promise<void> {
  const account = await accountOfPath(http, `/${side}`);
  if (!account) return;
  const { ctx, visit } = http.state;
  const isOwn = visit.viewer?.account.id === account.id;
  if (!isLocal(account) || (account.hidesNetwork && !isOwn)) throw new NotFound('Page');
  const before = readBefore(http);
  const list = side === 'followers' ? listFollowers : listFollowing;
  const { shown, next } = takePage(await list(ctx.db, account.id, { limit: PEOPLE + 1, before }), PEOPLE);
  const ids = shown.map((follow) => (side === 'followers' ? follow.followerId : follow.targetId));
  const found = new Map((await listAccounts(ctx.db, ids)).map((other) => [other.id, other]));
  const people = ids.flatMap((id) => found.get(id) ?? []).filter((other) => other.deletedAt === undefined);
  const path = `${profilePath(account)}/${side}`;
  showPage(http, {
    view: 'network',
    title: `${visit.t.profile[side]} – ${nameOf(account)}`,
    data: {
      heading: visit.t.profile[side],
      profile: await toProfile(http, account),
      tabs: tabLinks(http, account, path),
      people: people.map((other) => toAccountCard(http, other)),
      paging: paging(http, { path, before, next }),
    },
    // Lists of people are for people.
    head: { robots: 'noindex', canonical: ctx.config.origin + path },
    basis: basisOf(visit.settings.version, { accounts: [account, ...people] }),
  });
}
