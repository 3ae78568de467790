import { visibleText } from '#lib/visible.ts';
import { type Account, handleOf } from '#domain/accounts/account.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import { htmlToText } from '#lib/html.ts';
import { forTerminal, isoOf, minuteOf, optionalIso } from '#cli/terminal.ts';

/** How the command line shows accounts and posts: to programs (ids are text, as in every API) and to people. */

export function toAccountJson(account: Account) {
  return {
    id: String(account.id),
    handle: handleOf(account),
    kind: account.kind,
    uri: account.uri,
    url: account.url,
    displayName: account.displayName,
    bio: htmlToText(account.summaryHtml),
    fields: account.fields.map(({ name, html }) => ({ name, value: htmlToText(html) })),
    locked: account.locked,
    discoverable: account.discoverable,
    indexable: account.indexable,
    hidesNetwork: account.hidesNetwork,
    followers: account.followersCount,
    following: account.followingCount,
    posts: account.postsCount,
    createdAt: isoOf(account.createdAt),
  };
}

export function accountText(account: Account): string {
  const { followersCount, followingCount, postsCount } = account;
  const lines = [
    `@${handleOf(account)}${visibleText(account.displayName) === '' ? '' : `  ${visibleText(account.displayName)}`}${account.locked ? '  (approves followers)' : ''}`,
    account.url,
    `${counting(postsCount, 'post', 'posts')}, ${counting(followersCount, 'follower', 'followers')}, follows ${followingCount}`,
    ...account.fields.map(({ name, html }) => `${name}: ${htmlToText(html)}`),
    htmlToText(account.summaryHtml),
  ];
  return forTerminal(lines.filter((line) => line !== '').join('\n'));
}

export interface PostJson {
  id: string;
  uri: string;
  url: string;
  author: string;
  visibility: string;
  contentWarning: string;
  text: string;
  html: string;
  language: string | null;
  inReplyTo: string | null;
  replies: number;
  reblogs: number;
  favourites: number;
  publishedAt: string;
  editedAt: string | null;
  reblogOf: PostJson | null;
}

export function toPostJson({ post, account, reblogOf }: PostView): PostJson {
  return {
    id: String(post.id),
    uri: post.uri,
    url: post.url,
    author: handleOf(account),
    visibility: post.visibility,
    contentWarning: post.summary,
    text: htmlToText(post.html),
    html: post.html,
    language: post.language ?? null,
    inReplyTo: post.inReplyToUri ?? null,
    replies: post.repliesCount,
    reblogs: post.reblogsCount,
    favourites: post.favouritesCount,
    publishedAt: isoOf(post.publishedAt),
    editedAt: optionalIso(post.editedAt),
    reblogOf: reblogOf ? toPostJson(reblogOf) : null,
  };
}

/** A head line, the warning, and the text, all indented by `depth`. */
export function postText({ post, account, reblogOf }: PostView, depth = 0): string {
  const shown = reblogOf?.post ?? post;
  const by = reblogOf ? `@${handleOf(reblogOf.account)}, reblogged by @${handleOf(account)}` : `@${handleOf(account)}`;
  const head = [
    `${post.id}  ${minuteOf(post.publishedAt)}  ${by}`,
    shown.visibility === 'public' ? '' : `(${shown.visibility})`,
  ];
  const counts = [
    [shown.repliesCount, 'reply', 'replies'],
    [shown.reblogsCount, 'reblog', 'reblogs'],
    [shown.favouritesCount, 'favourite', 'favourites'],
  ] as const;
  const counted = counts.filter(([count]) => count > 0).map(([count, one, many]) => counting(count, one, many));
  const body = [
    shown.title,
    shown.summary === '' ? '' : `[${shown.summary}]`,
    htmlToText(shown.html),
    ...shown.attachments.map(({ url, description }) => `[${description || 'attachment'}] ${url}`),
    counted.join(', '),
  ];
  const lines = [
    head.join(' ').trim(),
    ...body.filter((part) => part !== '').flatMap((part) => part.split('\n').map((line) => `  ${line}`)),
  ];
  return forTerminal(lines.map((line) => '    '.repeat(Math.min(depth, 8)) + line).join('\n'));
}

function counting(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Posts one below the other; `nothing` where there are none. */
export function postsText(views: readonly PostView[], nothing: string): string {
  return views.length === 0 ? nothing : views.map((view) => postText(view)).join('\n\n');
}
