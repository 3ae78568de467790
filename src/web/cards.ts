import { type Account, handleOf, isLocal } from '#domain/accounts/account.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import type { Attachment, Post } from '#domain/posts/post.ts';
import { htmlToText, sanitizeHtml } from '#lib/html.ts';
import { createLru } from '#lib/lru.ts';
import { pavingOf } from '#web/avatar.ts';
import type { WebContext } from '#web/site.ts';

/** Where people see an account on this server, whether it lives here or not. */
export function profilePath(account: Pick<Account, 'username' | 'host'>): string {
  return `/@${handleOf(account)}`;
}

export function postPath(account: Pick<Account, 'username' | 'host'>, postId: number): string {
  return `${profilePath(account)}/${postId}`;
}

export function nameOf(account: Pick<Account, 'displayName' | 'username'>): string {
  return account.displayName.trim() || account.username;
}

/** `alice@this.example`, also for local accounts: what people write down. */
export function fullHandle({ state }: WebContext, account: Pick<Account, 'username' | 'host'>): string {
  return `${account.username}@${account.host || state.ctx.config.host}`;
}

/** What templates show of an account in a line or a box. */
export function toAccountCard(http: WebContext, account: Account) {
  return {
    name: nameOf(account),
    handle: handleOf(account),
    fullHandle: fullHandle(http, account),
    href: profilePath(account),
    picture: pictureOf(http, account),
    summaryText: excerpt(beginningOf(account.summaryHtml), 160),
  };
}

function pictureOf(http: WebContext, account: Account) {
  return { src: ownMedia(http, account.avatarUrl) ?? '', ...pavingOf(account.id) };
}

/** The address of a picture or film of ours. Those of other servers are linked, not loaded: see `pavingOf`. */
function ownMedia({ state }: WebContext, url: string | undefined): string | undefined {
  const { origin } = state.ctx.config;
  return url?.startsWith(`${origin}/`) ? url.slice(origin.length) : undefined;
}

/** What templates show of a post. */
export function toPostCard(http: WebContext, view: PostView) {
  const { visit, ctx } = http.state;
  const { t, format, viewer } = visit;
  const shown = view.reblogOf ?? view;
  const { post, account } = shown;
  const parent = shown.mentions.find((mention) => mention.id === post.inReplyToAccountId);
  return {
    id: String(post.id),
    href: postPath(account, post.id),
    author: toAccountCard(http, account),
    reblogger: view.reblogOf
      ? { label: t.post.reblogged(nameOf(view.account)), href: profilePath(view.account) }
      : undefined,
    pinned: '',
    replyTo:
      post.inReplyToId === undefined || post.inReplyToAccountId === account.id
        ? undefined
        : { label: parent ? `@${handleOf(parent)}` : t.post.inReplyTo, href: `/posts/${post.inReplyToId}` },
    time: timeOf(http, post.publishedAt),
    edited:
      post.editedAt === undefined
        ? undefined
        : { iso: isoOf(post.editedAt), text: t.post.edited(format.dateTime(post.editedAt)) },
    // Unknown where nobody said: the page's own language would be a guess.
    language: post.language ?? '',
    direction: directionOf(post),
    title: post.title,
    html: safeHtml(post.html),
    warning: post.summary,
    isSensitive: post.sensitive && post.summary === '',
    attachments: post.attachments.map((attachment) => toAttachment(http, attachment)),
    visibility: post.visibility === 'public' ? '' : t.post.visibility[post.visibility],
    original: isLocal(account) ? undefined : { href: post.url, label: t.post.original },
    // A restricted post's counters say nothing that its readers do not see anyway.
    counts: [
      {
        kind: 'replies',
        n: post.repliesCount,
        label: t.post.replies(post.repliesCount, format.number(post.repliesCount)),
      },
      {
        kind: 'reblogs',
        n: post.reblogsCount,
        label: t.post.reblogs(post.reblogsCount, format.number(post.reblogsCount)),
      },
      {
        kind: 'favourites',
        n: post.favouritesCount,
        label: t.post.favourites(post.favouritesCount, format.number(post.favouritesCount)),
      },
    ].filter(({ n }) => n > 0),
    actions: viewer && {
      back: http.method === 'GET' ? http.url : postPath(account, post.id),
      favourite: shown.viewer?.favourited
        ? { verb: 'unfavourite', label: t.post.unfavourite }
        : { verb: 'favourite', label: t.post.favourite },
      reblog: isRebloggable(post, viewer.account.id)
        ? shown.viewer?.reblogged
          ? { verb: 'unreblog', label: t.post.unreblog }
          : { verb: 'reblog', label: t.post.reblog }
        : undefined,
      canDelete: account.id === viewer.account.id,
    },
    host: account.host || ctx.config.host,
  };
}

function isRebloggable(post: Post, viewerId: number): boolean {
  return post.visibility !== 'direct' && (post.visibility !== 'followers' || post.accountId === viewerId);
}

function toAttachment(http: WebContext, attachment: Attachment) {
  const { t } = http.state.visit;
  const [family] = attachment.mediaType.split('/');
  const kind = family === 'image' || family === 'video' || family === 'audio' ? family : 'file';
  const src = ownMedia(http, attachment.url);
  const host = URL.parse(attachment.url)?.host ?? '';
  return {
    // Only what is ours is embedded; of other servers only http(s) is linked.
    kind: src === undefined || kind === 'file' ? 'link' : kind,
    src: src ?? (/^https?:\/\//i.test(attachment.url) ? attachment.url : ''),
    label: src === undefined ? t.post.mediaOn(t.post[kind], host) : t.post[kind],
    description: attachment.description,
    alt: attachment.description || t.post.noAlt,
    width: attachment.width ?? 0,
    height: attachment.height ?? 0,
  };
}

/**
 * Which way a post reads. Browsers judge by its first letter, which in an answer is a Latin name: `@alice مرحبا` would begin on the wrong
 * side. So the language decides, and without one the first letter that is in no mention, hashtag or link.
 */
function directionOf({ language, html }: Pick<Post, 'language' | 'html'>): 'ltr' | 'rtl' | 'auto' {
  const declared = scriptOf(language);
  if (declared !== undefined) return RTL_SCRIPTS.has(declared) ? 'rtl' : 'auto';
  const first = /\p{L}/u.exec(beginningOf(html).replaceAll(/(?:[@#]|https?:)\S+/g, ''))?.[0];
  return first !== undefined &&
    /[\p{scx=Arab}\p{scx=Hebr}\p{scx=Syrc}\p{scx=Thaa}\p{scx=Nkoo}\p{scx=Adlm}]/u.test(first)
    ? 'rtl'
    : 'auto';
}

/** Of strangers' language tags, not all are any. */
function scriptOf(language: string | undefined): string | undefined {
  try {
    return language === undefined ? undefined : new Intl.Locale(language).maximize().script;
  } catch {
    return undefined;
  }
}

const RTL_SCRIPTS = new Set(['Arab', 'Hebr', 'Syrc', 'Thaa', 'Nkoo', 'Adlm']);

/**
 * HTML of strangers was sanitised when it came; it is again when it leaves, so that no way in, present or future, is a way out (A68). The
 * second time changes nothing, and pages are kept.
 */
export function safeHtml(html: string): string {
  let safe = sanitized.get(html);
  if (safe === undefined) sanitized.set(html, (safe = sanitizeHtml(html)));
  return safe;
}

/** Kept, as the longest posts take ten milliseconds each. */
const sanitized = createLru<string, string>({
  maxEntries: 5_000,
  maxBytes: 16 * 1024 * 1024,
  sizeOf: (html) => 4 * html.length,
});

export function timeOf(http: WebContext, time: number) {
  return { iso: isoOf(time), text: http.state.visit.format.dateTime(time) };
}

export function isoOf(time: number): string {
  return new Date(time).toISOString();
}

/** HTML read for a few words of its text: twenty of the longest posts on a page would take a quarter of a second. */
const BEGINNING = 10_000;

/** As text. */
function beginningOf(html: string): string {
  return htmlToText(html.slice(0, BEGINNING));
}

/** The beginning of a text on one line, cut between words. */
export function excerpt(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= length) return line;
  const cut = line.slice(0, length);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), length - 20)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** What previews say of a post: its warning, where it has one, and then nothing of the text. */
export function previewOf(post: Post, length: number): string {
  return excerpt(post.summary || post.title || beginningOf(post.html), length);
}
