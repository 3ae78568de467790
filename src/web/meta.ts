import { type Account, isLocal } from '#domain/accounts/account.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import { isRestricted } from '#domain/posts/post.ts';
import { htmlToText } from '#lib/html.ts';
import { excerpt, fullHandle, isoOf, nameOf, postPath, previewOf, profilePath } from '#web/cards.ts';
import type { Head } from '#web/page.ts';
import type { WebContext } from '#web/site.ts';

/** What search engines and previews are told of a profile. */
export function profileHead(http: WebContext, account: Account): Head {
  const { visit, ctx } = http.state;
  const { origin } = ctx.config;
  const description =
    excerpt(htmlToText(account.summaryHtml), 200) || visit.t.profile.noDescription(fullHandle(http, account));
  const title = visit.t.profile.title(nameOf(account), fullHandle(http, account));
  const page = origin + profilePath(account);
  if (!isLocal(account)) return { description, canonical: account.url, robots: 'noindex' };
  return {
    description,
    canonical: page,
    robots: account.indexable ? 'index' : 'noindex',
    meta: [
      ...openGraph(http, { type: 'profile', title, description, url: page }),
      { property: 'profile:username', content: account.username },
    ],
    links: [
      { rel: 'alternate', type: 'application/activity+json', href: account.uri },
      { rel: 'alternate', type: 'application/atom+xml', href: `${page}.atom`, title: visit.t.profile.feed },
    ],
    jsonLd: {
      '@context': 'https://schema.org',
      '@type': 'ProfilePage',
      dateCreated: isoOf(account.createdAt),
      mainEntity: {
        ...author(http, account),
        description,
        interactionStatistic: [counter('https://schema.org/FollowAction', account.followersCount)],
        agentInteractionStatistic: counter('https://schema.org/WriteAction', account.postsCount),
      },
    },
  };
}

/** What search engines and previews are told of a post: of one with a warning, only the warning. */
export function postHead(http: WebContext, { post, account }: PostView): Head {
  const { visit, ctx } = http.state;
  const { origin } = ctx.config;
  const description = previewOf(post, 300);
  const page = origin + postPath(account, post.id);
  if (!isLocal(account) || isRestricted(post.visibility))
    return { description, canonical: isLocal(account) ? page : post.url, robots: 'noindex' };
  const isIndexed = account.indexable && post.visibility === 'public';
  return {
    description,
    canonical: page,
    robots: isIndexed ? 'index' : 'noindex',
    meta: [
      ...openGraph(http, {
        type: 'article',
        title: visit.t.profile.title(nameOf(account), fullHandle(http, account)),
        description,
        url: page,
      }),
      { property: 'article:published_time', content: isoOf(post.publishedAt) },
      { name: 'fediverse:creator', content: `@${fullHandle(http, account)}` },
    ],
    links: [
      { rel: 'alternate', type: 'application/activity+json', href: post.uri },
      {
        rel: 'alternate',
        type: 'application/json+oembed',
        href: `${origin}/oembed?url=${encodeURIComponent(page)}&format=json`,
      },
      {
        rel: 'alternate',
        type: 'application/atom+xml',
        href: `${origin}${profilePath(account)}.atom`,
        title: visit.t.profile.feed,
      },
    ],
    jsonLd: {
      '@context': 'https://schema.org',
      '@type': 'SocialMediaPosting',
      '@id': page,
      url: page,
      headline: previewOf(post, 110),
      ...(post.summary === '' ? { articleBody: htmlToText(post.html) } : {}),
      ...(post.language === undefined ? {} : { inLanguage: post.language }),
      datePublished: isoOf(post.publishedAt),
      ...(post.editedAt === undefined ? {} : { dateModified: isoOf(post.editedAt) }),
      author: author(http, account),
      commentCount: post.repliesCount,
      interactionStatistic: [
        counter('https://schema.org/LikeAction', post.favouritesCount),
        counter('https://schema.org/ShareAction', post.reblogsCount),
      ],
    },
  };
}

export function openGraph(
  http: WebContext,
  page: { type: string; title: string; description: string; url: string },
): NonNullable<Head['meta']> {
  const { visit } = http.state;
  return [
    { property: 'og:type', content: page.type },
    { property: 'og:site_name', content: visit.settings.name },
    { property: 'og:title', content: page.title },
    { property: 'og:description', content: page.description },
    { property: 'og:url', content: page.url },
    { property: 'og:locale', content: visit.language === 'fr' ? 'fr_FR' : 'en_GB' },
    { name: 'twitter:card', content: 'summary' },
  ];
}

function author(http: WebContext, account: Account) {
  return {
    '@type': account.kind === 'organization' || account.kind === 'group' ? 'Organization' : 'Person',
    name: nameOf(account),
    alternateName: `@${fullHandle(http, account)}`,
    identifier: account.uri,
    url: http.state.ctx.config.origin + profilePath(account),
  };
}

function counter(interactionType: string, userInteractionCount: number) {
  return { '@type': 'InteractionCounter', interactionType, userInteractionCount };
}
