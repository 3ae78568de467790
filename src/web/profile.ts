import { type Account, isLocal } from '#domain/accounts/account.ts';
import { viewPosts } from '#domain/posts/post-view.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { listByAccount, listPinned, type ProfileFilter } from '#domain/timelines/timeline-store.ts';
import { nameOf, profilePath, safeHtml, toAccountCard, toListedCard, toPinnedCard } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { profileHead } from '#web/meta.ts';
import { basisOf, rowsOf } from '#web/page-cache.ts';
import { showPage } from '#web/page.ts';
import { paging, readBefore, takePage } from '#web/paging.ts';
import type { WebContext } from '#web/site.ts';

const POSTS = 20;

export const tabs = {
  posts: { path: '', filter: { replies: 'without', reblogs: 'with' } },
  replies: { path: '/replies', filter: { replies: 'with', reblogs: 'without' } },
  media: { path: '/media', filter: { replies: 'with', reblogs: 'without', media: 'only' } },
} as const satisfies Record<string, { path: string; filter: ProfileFilter }>;

export type Tab = keyof typeof tabs;

export async function showProfile(http: WebContext, tab: Tab): Promise<void> {
  const account = await accountOfPath(http, tabs[tab].path);
  if (!account) return;
  const { ctx, visit } = http.state;
  const viewerId = visit.viewer?.account.id;
  const before = readBefore(http);
  const rows = await listByAccount(ctx.db, viewerId, account.id, tabs[tab].filter, { limit: POSTS + 1, before });
  const { shown, next } = takePage(rows, POSTS);
  const views = await viewPosts(ctx, viewerId, shown);
  const isTop = tab === 'posts' && before === undefined;
  const pinned = isTop ? await viewPosts(ctx, viewerId, await listPinned(ctx.db, viewerId, account.id)) : [];
  const path = profilePath(account) + tabs[tab].path;
  const head = profileHead(http, account);
  showPage(http, {
    view: 'profile',
    title: visit.t.profile.title(nameOf(account), toAccountCard(http, account).fullHandle),
    data: {
      profile: await toProfile(http, account),
      tabs: tabLinks(http, account, path),
      posts: [...pinned.map((view) => toPinnedCard(http, view)), ...views.map((view) => toListedCard(http, view))],
      paging: paging(http, { path, before, next }),
    },
    head: isTop ? head : { ...head, robots: 'noindex', jsonLd: undefined },
    basis: basisOf(visit.settings.version, rowsOf([...pinned, ...views], [account])),
  });
}

/** The parts of a profile; `here` is the path of the page. */
export function tabLinks(http: WebContext, account: Account, here: string) {
  const { t } = http.state.visit;
  return (Object.keys(tabs) as Tab[]).map((tab) => {
    const href = profilePath(account) + tabs[tab].path;
    return { label: t.profile[tab], href, current: href === here ? 'page' : '' };
  });
}

/** The head of a profile: what the account says of itself, and what the viewer can do about it. */
export async function toProfile(http: WebContext, account: Account) {
  const { ctx, visit } = http.state;
  const { t, format, viewer } = visit;
  const path = profilePath(account);
  const canList = isLocal(account) && (!account.hidesNetwork || viewer?.account.id === account.id);
  return {
    ...toAccountCard(http, account),
    html: safeHtml(account.summaryHtml, ctx.config.origin),
    kind: t.profile.kinds[account.kind],
    locked: account.locked ? t.profile.locked : '',
    fields: account.fields.map((field) => ({
      name: field.name,
      html: withRelMe(account, field.html, safeHtml(field.html, ctx.config.origin)),
    })),
    joined: isLocal(account) ? t.profile.joined(format.date(account.createdAt)) : '',
    remote: isLocal(account) ? undefined : { text: t.profile.remote(account.host), href: account.url },
    feed: isLocal(account) ? `${path}.atom` : '',
    stats: [
      { label: t.profile.postCount(account.postsCount, format.number(account.postsCount)), href: '' },
      {
        label: t.profile.followingCount(account.followingCount, format.number(account.followingCount)),
        href: canList ? `${path}/following` : '',
      },
      {
        label: t.profile.followerCount(account.followersCount, format.number(account.followersCount)),
        href: canList ? `${path}/followers` : '',
      },
      // Of people elsewhere we know only the follows that concern us: a number would mislead.
    ].slice(0, isLocal(account) ? 3 : 1),
    follow: await followAction(http, account),
  };
}

/**
 * Says again what sanitising takes from everybody: that the address a person here gives as a field is their own. Other sites look for it
 * before they confirm the link back. What others write says nothing of the kind.
 */
function withRelMe(account: Account, written: string, html: string): string {
  if (!isLocal(account) || !written.includes(' rel="me ')) return html;
  return html.replace(' rel="nofollow', ' rel="me nofollow');
}

async function followAction(http: WebContext, account: Account) {
  const { ctx, visit } = http.state;
  const { t, viewer } = visit;
  const path = profilePath(account);
  if (!viewer) return isLocal(account) ? { kind: 'link', label: t.profile.follow, href: `${path}/follow` } : undefined;
  if (viewer.account.id === account.id) return { kind: 'link', label: t.profile.edit, href: '/settings' };
  const existing = await findFollow(ctx.db, viewer.account.id, account.id);
  const label = existing ? (existing.accepted ? t.profile.unfollow : t.profile.requested) : t.profile.follow;
  return {
    kind: existing ? 'undo' : 'do',
    label,
    href: `/actions/${existing ? 'unfollow' : 'follow'}/${account.id}`,
    back: path,
  };
}
