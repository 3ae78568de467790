import { isLocal } from '#domain/accounts/account.ts';
import { NotFound } from '#domain/errors.ts';
import { type PostView, viewPosts } from '#domain/posts/post-view.ts';
import { listByAccount, listByHashtag } from '#domain/timelines/timeline-store.ts';
import { fullHandle, isoOf, nameOf, postPath, previewOf, profilePath, safeHtml } from '#web/cards.ts';
import { accountOfPath } from '#web/find-account.ts';
import { hashtagOfPath } from '#web/hashtag.ts';
import { type Basis, basisOf, rowsOf } from '#web/page-cache.ts';
import { send } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

const ENTRIES = 20;
const DAY = 24 * 3_600_000;

/** What one account says in public (A40): neither replies nor reblogs, and nothing that is merely not secret. */
export async function sendProfileFeed(http: WebContext): Promise<void> {
  const account = await accountOfPath(http, '.atom');
  if (!account) return;
  if (!isLocal(account)) throw new NotFound('Feed');
  const { ctx, visit } = http.state;
  const posts = await listByAccount(
    ctx.db,
    undefined,
    account.id,
    { replies: 'without', reblogs: 'without', visibility: 'public' },
    { limit: ENTRIES },
  );
  const views = await viewPosts(ctx, undefined, posts);
  if (!account.indexable) http.set('x-robots-tag', 'noindex');
  sendFeed(http, {
    title: visit.t.profile.title(nameOf(account), fullHandle(http, account)),
    page: ctx.config.origin + profilePath(account),
    updated: views[0]?.post.publishedAt ?? account.createdAt,
    views,
    basis: basisOf(visit.settings.version, rowsOf(views, [account])),
  });
}

/** Public posts with a hashtag. */
export async function sendHashtagFeed(http: WebContext): Promise<void> {
  const name = hashtagOfPath(http, '.atom');
  if (name === undefined) return;
  const { ctx, site, visit } = http.state;
  const views = await viewPosts(ctx, undefined, await listByHashtag(ctx.db, undefined, name, { limit: ENTRIES }));
  http.set('x-robots-tag', 'noindex');
  sendFeed(http, {
    title: `${visit.t.hashtag.title(name)} – ${visit.settings.name}`,
    page: site.urls.hashtagPage(name),
    // Of no posts there is no date, and a feed must have one: nothing has come until today.
    updated: views[0]?.post.publishedAt ?? ctx.now() - (ctx.now() % DAY),
    views,
    basis: basisOf(visit.settings.version, rowsOf(views)),
    ttlMs: 30_000,
  });
}

interface Feed {
  title: string;
  page: string;
  updated: number;
  views: readonly PostView[];
  basis: Basis;
  ttlMs?: number;
}

function sendFeed(http: WebContext, { title, page, updated, views, basis, ttlMs }: Feed): void {
  const { ctx, site } = http.state;
  const changed = Math.max(updated, ...views.map(({ post }) => post.editedAt ?? post.publishedAt));
  const xml = site.views.render('feed', {
    title,
    page,
    self: `${page}.atom`,
    updated: isoOf(changed),
    entries: views.map(({ post, account, hashtags }) => ({
      id: post.uri,
      // Titles are not HTML, and a warning stands for what it warns of.
      title: previewOf(post, 80) || nameOf(account),
      url: isLocal(account) ? ctx.config.origin + postPath(account, post.id) : post.url,
      published: isoOf(post.publishedAt),
      updated: isoOf(post.editedAt ?? post.publishedAt),
      author: {
        name: nameOf(account),
        url: isLocal(account) ? ctx.config.origin + profilePath(account) : account.url,
      },
      language: post.language ?? '',
      // Readers show what they get: behind a warning there is only the way to the page.
      warning: post.summary,
      html: post.summary === '' ? safeHtml(post.html) : '',
      hashtags: hashtags.map((tag) => tag.display),
    })),
  });
  http.set('access-control-allow-origin', '*');
  send(http, xml, { type: 'application/atom+xml; charset=utf-8', basis, ...(ttlMs !== undefined && { ttlMs }) });
}
