import { listIndexablePeople } from '#domain/accounts/account-store.ts';
import { listIndexablePosts } from '#domain/posts/indexable-store.ts';
import { isoOf, postPath, profilePath } from '#web/cards.ts';
import { basisOf } from '#web/page-cache.ts';
import { send } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

const PEOPLE = 5_000;
const POSTS = 5_000;

/** Pages that nobody should crawl: forms, and what is different for everybody. */
const closed = [
  '/actions/',
  '/authorize_interaction',
  '/home',
  '/preferences',
  '/settings',
  '/setup/',
  '/sign-in',
  // Not the lists of followers, whose addresses begin likewise.
  '/*/follow$',
];

/** Pages that may not be indexed are open all the same: that they say so is read only by whoever may read them. */
export function sendRobots(http: WebContext): void {
  const { ctx, visit } = http.state;
  const lines = [
    'User-agent: *',
    ...closed.map((path) => `Disallow: ${path}`),
    ...(visit.settings.indexing === 'refused' ? [] : ['', `Sitemap: ${ctx.config.origin}/sitemap.xml`]),
  ];
  send(http, `${lines.join('\n')}\n`, {
    type: 'text/plain; charset=utf-8',
    basis: basisOf(visit.settings.version, {}),
  });
}

/** The pages of those who agree to be indexed, if the owner agrees too. */
export async function sendSitemap(http: WebContext): Promise<void> {
  const { ctx, site, visit } = http.state;
  const { origin } = ctx.config;
  const isAllowed = visit.settings.indexing === 'allowed';
  const people = isAllowed ? await listIndexablePeople(ctx.db, PEOPLE) : [];
  const posts = isAllowed ? await listIndexablePosts(ctx.db, POSTS) : [];
  const pages = isAllowed ? ['/', '/about'] : [];
  const xml = site.views.render('sitemap', {
    urls: [
      ...pages.map((path) => ({ href: origin + path, changed: '' })),
      ...people.map((account) => ({
        href: origin + profilePath(account),
        // The day will do: the moment of a post is told by the post, to those who may see it.
        changed: isoOf(account.lastPostAt ?? account.createdAt).slice(0, 10),
      })),
      ...posts.map((post) => ({
        href: origin + postPath({ username: post.username, host: '' }, post.id),
        changed: isoOf(post.changedAt),
      })),
    ],
  });
  send(http, xml, { type: 'application/xml; charset=utf-8', basis: basisOf(visit.settings.version, {}) });
}
