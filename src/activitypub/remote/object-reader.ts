import { readAttachments, readLinks, readMedia } from '#activitypub/remote/attachments.ts';
import {
  fitting,
  httpUrl,
  idsOf,
  isPublicId,
  listOf,
  objectsOf,
  own,
  pageOf,
  plainText,
  textOf,
  timeOf,
} from '#activitypub/remote/fields.ts';
import { postKindOf } from '#activitypub/remote/kinds.ts';
import { languageOf, naturalTextOf } from '#activitypub/remote/natural-text.ts';
import { readTags, usedEmojis, type Tags } from '#activitypub/remote/tags.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { PostContents } from '#domain/posts/edit-store.ts';
import type { Visibility } from '#domain/posts/post.ts';
import type { ReceivedPost } from '#domain/posts/receive-post.ts';
import { escapeHtml, htmlToText, sanitizeHtml } from '#lib/html.ts';
import { isSameOrigin } from '#lib/host.ts';
import type { JsonObject } from '#lib/json.ts';

type Author = Pick<Account, 'uri' | 'followersUri'>;

/** All of a post but its contents. */
export type PostHead = Omit<ReceivedPost, keyof PostContents>;

/** A post of which as much is read as it takes to know whether it is kept. */
export interface UnreadPost {
  head: PostHead;
  /** Sanitises the contents, which takes milliseconds: once, and only of what is kept. */
  read(): ReceivedPost;
}

const TITLE_LIMIT = 500;
const SUMMARY_LIMIT = 2_000;
const CONTENT_LIMIT = 128 * 1024;
const OPTIONS_LIMIT = 20;
/** Bytes. */
const EMOJIS_ROOM = 8 * 1024;
const ADDRESSED_LIMIT = 500;

/** A vote in a poll looks like a Note with a name and no text. */
export function isVote(json: JsonObject): boolean {
  return (
    naturalTextOf(json, 'name') !== undefined &&
    naturalTextOf(json, 'content') === undefined &&
    postKindOf(json) === 'note'
  );
}

/** Ids of those a post is attributed to: PeerTube names a person and a channel. */
export function authorsOf(json: JsonObject): string[] {
  return idsOf(own(json, 'attributedTo'), 10);
}

/**
 * Reads a post by `author`. Undefined for what is no post, or not this author's: it must say so itself, and be of the author's origin.
 */
export function readPost(json: JsonObject, author: Author, now: number): ReceivedPost | undefined {
  return openPost(json, author, now)?.read();
}

/** The same in two steps. */
export function openPost(json: JsonObject, author: Author, now: number): UnreadPost | undefined {
  const kind = postKindOf(json);
  const uri = httpUrl(own(json, 'id'));
  if (kind === undefined || uri === undefined || !isSameOrigin(uri, author.uri)) return undefined;
  if (!authorsOf(json).includes(author.uri) || isVote(json)) return undefined;

  const tags = readTags(own(json, 'tag'));
  const publishedAt = timeOf(own(json, 'published'), now) ?? now;
  const updated = timeOf(own(json, 'updated'), now);
  const head: PostHead = {
    kind,
    uri,
    url: pageOf(json) ?? uri,
    visibility: visibilityOf(json, author),
    publishedAt,
    editedAt: updated !== undefined && updated > publishedAt ? updated : undefined,
    inReplyToUri: idsOf(own(json, 'inReplyTo'), 5)[0],
    mentions: tags.mentions,
    hashtags: tags.hashtags,
    addressed: [...idsOf(own(json, 'to'), ADDRESSED_LIMIT), ...idsOf(own(json, 'cc'), ADDRESSED_LIMIT)],
  };
  let contents: PostContents | undefined;
  return { head, read: () => ({ ...head, ...(contents ??= readContents(json, kind, tags)) }) };
}

/** Public in `to`, or in `cc`: public, unlisted. Else the author's followers, or only those who are named. */
export function visibilityOf(json: JsonObject, author: Pick<Account, 'followersUri'>): Visibility {
  const to = listOf(own(json, 'to'), ADDRESSED_LIMIT);
  const cc = listOf(own(json, 'cc'), ADDRESSED_LIMIT);
  if (to.some(isPublicId)) return 'public';
  if (cc.some(isPublicId)) return 'unlisted';
  const { followersUri } = author;
  return followersUri !== undefined && (to.includes(followersUri) || cc.includes(followersUri))
    ? 'followers'
    : 'direct';
}

function readContents(json: JsonObject, kind: ReceivedPost['kind'], tags: Tags): PostContents {
  const isNote = kind === 'note' || kind === 'question';
  const content = naturalTextOf(json, 'content');
  const name = naturalTextOf(json, 'name');
  const named = naturalTextOf(json, 'summary');
  const summary = named?.text ?? '';
  const text = toHtml(content?.text ?? '', textOf(own(json, 'mediaType')));
  // Only of notes a summary is a warning; elsewhere it is the text where there is no other.
  const body = text === '' && !isNote ? sanitizeHtml(summary, { maxLength: CONTENT_LIMIT }) : text;
  const attachments = readAttachments(json);
  const title = isNote ? '' : plainText(name?.text, TITLE_LIMIT);
  const html = (kind === 'question' ? body + readOptions(json) : body) + readLinks(json, body);
  const warning = isNote
    ? plainText(/<[a-z/]/i.test(summary) ? htmlToText(summary.slice(0, SUMMARY_LIMIT * 4)) : summary, SUMMARY_LIMIT)
    : '';
  return {
    title,
    html,
    source: undefined,
    summary: warning,
    sensitive: own(json, 'sensitive') === true,
    language: languageOf(content?.language ?? name?.language ?? named?.language),
    emojis: fitting(usedEmojis(tags.emojis, [title, html, warning]), EMOJIS_ROOM),
    attachments: attachments.length > 0 ? attachments : readMedia(json, kind),
  };
}

/** PeerTube and Lemmy say `text/markdown` or `text/plain` where they mean it; everybody else sends HTML. */
function toHtml(text: string, mediaType: string | undefined): string {
  if (mediaType !== 'text/markdown' && mediaType !== 'text/plain')
    return sanitizeHtml(text, { maxLength: CONTENT_LIMIT });
  const paragraphs = text
    .slice(0, CONTENT_LIMIT / 4)
    .trim()
    .split(/\n{2,}/);
  return sanitizeHtml(
    paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>')}</p>`).join(''),
  );
}

/** The options of a poll, as a list below its text. */
function readOptions(json: JsonObject): string {
  const options = [...objectsOf(own(json, 'oneOf')), ...objectsOf(own(json, 'anyOf'))].slice(0, OPTIONS_LIMIT);
  const items = options.map(
    (option) => `<li>${escapeHtml(plainText(naturalTextOf(option, 'name')?.text, TITLE_LIMIT))}</li>`,
  );
  return items.length === 0 ? '' : sanitizeHtml(`<ul>${items.join('')}</ul>`);
}
