import { type Account, handleOf, isLocal } from '#domain/accounts/account.ts';
import { canReblog } from '#domain/posts/post-policy.ts';
import type { PostView } from '#domain/posts/post-view.ts';
import type { Attachment, Post } from '#domain/posts/post.ts';
import { beginningOfHtml } from '#lib/html-beginning.ts';
import { htmlToText, sanitizeHtml } from '#lib/html.ts';
import { createLru } from '#lib/lru.ts';
import { visibleText } from '#lib/visible.ts';
import { backHere } from '#web/address.ts';
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
  return visibleText(account.displayName) || account.username;
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
  return { src: isLocal(account) ? (ownMedia(http, account.avatarUrl) ?? '') : '', ...pavingOf(account.id) };
}

/**
 * The path of a picture or film that is stored here, of somebody here. Whatever else has an address of ours is not embedded, as loading it
 * would act with the reader's session; and what is elsewhere is linked: see `pavingOf`.
 */
function ownMedia({ state }: WebContext, url: string | undefined): string | undefined {
  const { origin } = state.ctx.config;
  return url?.startsWith(`${origin}${MEDIA_PATH}`) && !url.includes('..') && !url.includes('?')
    ? url.slice(origin.length)
    : undefined;
}

/** Where stored files are served, and nothing else. */
const MEDIA_PATH = '/media/';

/** Where a post stands on the page that shows it. */
export function anchorOf(postId: number): string {
  return `p${postId}`;
}

/** Its own page; there a reply stands below what it replies to, and is what the browser shows. */
export function hrefOf({ post, account }: Pick<PostView, 'post' | 'account'>): string {
  const path = postPath(account, post.id);
  return post.inReplyToId === undefined ? path : `${path}#${anchorOf(post.id)}`;
}

/** A post that its author keeps at the top. It comes again in its place among the others. */
export function toPinnedCard(http: WebContext, view: PostView) {
  return { ...toListedCard(http, view, `pinned-${view.post.id}`), pinned: http.state.visit.t.post.pinned };
}

/** Text of a post that lists show, in UTF-16 units: a page with the longest ones in full would be heavy, and a wall. */
const LISTED_LENGTH = 800;

/** A post among others: of a long one the beginning, with a link to the rest. */
export function toListedCard(http: WebContext, view: PostView, anchor?: string) {
  const card = toPostCard(http, view, anchor);
  const beginning = beginningOfHtml(card.html, LISTED_LENGTH);
  return beginning === undefined ? card : { ...card, html: beginning, isCut: true };
}

/** What templates show of a post. `anchor` is its id on the page: that of the row, as a post and a reblog of it may share a page. */
export function toPostCard(http: WebContext, view: PostView, anchor = anchorOf(view.post.id)) {
  const { visit } = http.state;
  const { t, format, viewer } = visit;
  const shown = view.reblogOf ?? view;
  const { post, account, inReplyTo } = shown;
  const path = postPath(account, post.id);
  return {
    id: String(post.id),
    anchor,
    path,
    href: hrefOf(shown),
    author: toAccountCard(http, account),
    reblogger: view.reblogOf
      ? { ...around(t.post.reblogged), name: nameOf(view.account), href: profilePath(view.account) }
      : undefined,
    pinned: '',
    replyTo: inReplyTo && {
      label: `@${handleOf(inReplyTo.account)}`,
      href: `${postPath(inReplyTo.account, inReplyTo.id)}#${anchorOf(inReplyTo.id)}`,
    },
    time: timeOf(http, post.publishedAt),
    edited:
      post.editedAt === undefined
        ? undefined
        : { iso: isoOf(post.editedAt), text: t.post.edited(format.dateTime(post.editedAt)) },
    // Unknown where nobody said: the page's own language would be a guess.
    language: post.language ?? '',
    direction: directionOf(post),
    title: visibleText(post.title),
    html: safeHtml(post.html, http.state.ctx.config.origin),
    // Whoever refuses to be indexed is not found through the pages of others either.
    isUnindexed: !account.indexable,
    isCut: false,
    warning: visibleText(post.summary) || (post.summary === '' ? '' : t.post.warning),
    isSensitive: post.sensitive && post.summary === '',
    attachments: post.attachments.map((attachment) => toAttachment(http, attachment, account)),
    visibility: post.visibility === 'public' ? '' : t.post.visibility[post.visibility],
    original: isLocal(account) ? undefined : { href: post.url, label: t.post.original },
    // A restricted post's counters say nothing that its readers do not see anyway.
    counts: [
      {
        n: post.repliesCount,
        label: t.post.replyCount(post.repliesCount, format.number(post.repliesCount)),
      },
      {
        n: post.reblogsCount,
        label: t.post.reblogCount(post.reblogsCount, format.number(post.reblogsCount)),
      },
      {
        n: post.favouritesCount,
        label: t.post.favouriteCount(post.favouritesCount, format.number(post.favouritesCount)),
      },
    ].filter(({ n }) => n > 0),
    actions: viewer && {
      back: `${backHere(http) ?? path}#${anchor}`,
      favourite: shown.viewer?.favourited
        ? { verb: 'unfavourite', label: t.post.unfavourite }
        : { verb: 'favourite', label: t.post.favourite },
      reblog: canReblog(viewer.account.id, post)
        ? shown.viewer?.reblogged
          ? { verb: 'unreblog', label: t.post.unreblog }
          : { verb: 'reblog', label: t.post.reblog }
        : undefined,
      canDelete: account.id === viewer.account.id,
    },
  };
}

/** What a sentence says before and after a name, which stands apart from it: it may be written in the other direction. */
function around(sentence: (name: string) => string): { before: string; after: string } {
  const [before = '', after = ''] = sentence('\n').split('\n');
  return { before, after };
}

function toAttachment(http: WebContext, attachment: Attachment, author: Account) {
  const { t } = http.state.visit;
  const [family] = attachment.mediaType.split('/');
  const kind = family === 'image' || family === 'video' || family === 'audio' ? family : 'file';
  const src = isLocal(author) ? ownMedia(http, attachment.url) : undefined;
  const isOurs = attachment.url.startsWith(`${http.state.ctx.config.origin}/`);
  const host = URL.parse(attachment.url)?.host ?? '';
  return {
    // Only what is ours is embedded; of other servers only http(s) is linked.
    kind: src === undefined || kind === 'file' ? 'link' : kind,
    // Of what strangers say is a file of ours there is none to be shown.
    src: src ?? (/^https?:\/\//i.test(attachment.url) && !isOurs ? attachment.url : ''),
    label: src === undefined ? t.post.mediaOn(t.post[kind], host) : t.post[kind],
    description: attachment.description,
    alt: attachment.description || t.post.noAlt,
    width: attachment.width ?? 0,
    height: attachment.height ?? 0,
  };
}

/**
 * Which way a post reads. Browsers judge by its first letter, which in a reply is a Latin name: `@alice مرحبا` would begin on the wrong
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
 *
 * @param ownOrigin on pages of ours: links to it stay in the tab (see `sanitizeHtml`). A feed is read elsewhere.
 */
export function safeHtml(html: string, ownOrigin = ''): string {
  const key = `${ownOrigin} ${html}`;
  let safe = sanitized.get(key);
  if (safe === undefined) sanitized.set(key, (safe = sanitizeHtml(html, { ownOrigin })));
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
  const line = visibleText(text.replaceAll(/\s+/g, ' '));
  if (line.length <= length) return line;
  const cut = line.slice(0, length);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), length - 20)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** What previews say of a post: its warning, where it has one, and then nothing of the text. */
export function previewOf(post: Post, length: number): string {
  return excerpt(post.summary || post.title || beginningOf(post.html), length);
}
