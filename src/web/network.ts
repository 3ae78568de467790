import { isLocal } from '#domain/accounts/account.ts';
import { listAccounts } from '#domain/accounts/account-store.ts';
import { NotFound } from '#domain/errors.ts';
import { listFollowers, listFollowing } from '#domain/relationships/follow-store.ts';
import { nameOf, profilePath, toAccountCard } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { basisOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { paging, readPlace } from '#web/paging.ts';
import { toProfile } from '#web/profile.ts';
import type { WebContext } from '#web/site.ts';

const PEOPLE = 40;

/** Who follows a local account, or whom it follows. Hidden lists are for their owner only, and look absent to others. */
export async function showNetwork(http: WebContext, side: 'followers' | 'following'): Promise<void> {
  const account = await accountOfPath(http, `/${side}`);
  if (!account) return;
  const { ctx, visit } = http.state;
  const isOwn = visit.viewer?.account.id === account.id;
  if (!isLocal(account) || (account.hidesNetwork && !isOwn)) throw new NotFound('Page');
  const { before, isFirst } = readPlace(http);
  const list = side === 'followers' ? listFollowers : listFollowing;
  const follows = await list(ctx.db, account.id, { limit: PEOPLE + 1, before });
  const ids = follows.slice(0, PEOPLE).map((follow) => (side === 'followers' ? follow.followerId : follow.targetId));
  const found = new Map((await listAccounts(ctx.db, ids)).map((other) => [other.id, other]));
  const people = ids.flatMap((id) => found.get(id) ?? []).filter((other) => other.deletedAt === undefined);
  const path = `${profilePath(account)}/${side}`;
  showPage(http, {
    view: 'network',
    title: `${visit.t.profile[side]} – ${nameOf(account)}`,
    data: {
      heading: visit.t.profile[side],
      profile: await toProfile(http, account),
      people: people.map((other) => toAccountCard(http, other)),
      paging: paging(http, path, isFirst, follows.length > PEOPLE ? follows[PEOPLE - 1]!.id : undefined),
    },
    // Lists of people are for people.
    head: { robots: 'noindex', canonical: ctx.config.origin + path },
    basis: basisOf(visit.settings.version, { accounts: [account, ...people] }),
  });
}
