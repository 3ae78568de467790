import { readAttachments, readLinks, readMedia } from '#activitypub/remote/attachments.ts';
import {
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
  typesOf,
} from '#activitypub/remote/fields.ts';
import { readTags, type Tags } from '#activitypub/remote/tags.ts';
import type { Account } from '#domain/accounts/account.ts';
import type { PostContents } from '#domain/posts/edit-store.ts';
import type { Visibility } from '#domain/posts/post.ts';
import type { ReceivedPost } from '#domain/posts/receive-post.ts';
import { escapeHtml, htmlToText, sanitizeHtml } from '#lib/html.ts';
import { isSameOrigin } from '#lib/host.ts';
import { isJsonObject, type JsonObject } from '#lib/json.ts';

type Author = Pick<Account, 'uri' | 'followersUri'>;

/** All of a post but its contents. */
export type PostHead = Omit<ReceivedPost, keyof PostContents>;

/** A post of which as much is read as it takes to know whether it is kept. */
export interface UnreadPost {
  head: PostHead;
  /** Sanitises the contents, which takes milliseconds: once, and only of what is kept. */
  read(): ReceivedPost;
}

const KINDS = new Map<string, ReceivedPost['kind']>([
  ['Note', 'note'],
  ['ChatMessage', 'note'],
  ['Article', 'article'],
  ['Page', 'page'],
  ['Question', 'question'],
  ['Event', 'event'],
  ['Video', 'video'],
  ['Audio', 'audio'],
  ['Image', 'image'],
  ['Document', 'document'],
]);

const TITLE_LIMIT = 500;
const SUMMARY_LIMIT = 2_000;
const CONTENT_LIMIT = 128 * 1024;
const OPTIONS_LIMIT = 20;
const ADDRESSED_LIMIT = 500;

/** What kind of post it is; undefined where its first known type is not one of a post. */
export function postKindOf(json: JsonObject): ReceivedPost['kind'] | undefined {
  const [first] = typesOf(json);
  return first === undefined ? undefined : KINDS.get(first);
}

/** A vote in a poll looks like a Note with a name and no text. */
export function isVote(json: JsonObject): boolean {
  return (
    textOf(own(json, 'name')) !== undefined && textOf(own(json, 'content')) === undefined && postKindOf(json) === 'note'
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
  const summary = textOf(own(json, 'summary')) ?? '';
  const content = readContent(json);
  // Only of notes a summary is a warning; elsewhere it is the text where there is no other.
  const body = content.html === '' && !isNote ? sanitizeHtml(summary, { maxLength: CONTENT_LIMIT }) : content.html;
  const attachments = readAttachments(json);
  return {
    title: isNote ? '' : plainText(own(json, 'name'), TITLE_LIMIT),
    html: (kind === 'question' ? body + readOptions(json) : body) + readLinks(json, body),
    source: undefined,
    summary: isNote
      ? plainText(/<[a-z/]/i.test(summary) ? htmlToText(summary.slice(0, SUMMARY_LIMIT * 4)) : summary, SUMMARY_LIMIT)
      : '',
    sensitive: own(json, 'sensitive') === true,
    language: content.language,
    emojis: tags.emojis,
    attachments: attachments.length > 0 ? attachments : readMedia(json, kind),
  };
}

function readContent(json: JsonObject): { html: string; language: string | undefined } {
  const map = own(json, 'contentMap');
  const translations = isJsonObject(map) ? Object.entries(map).slice(0, 50) : [];
  const [firstLanguage, firstText] = translations[0] ?? [];
  const text = textOf(own(json, 'content')) ?? textOf(firstText) ?? '';
  const language = translations.find(([, translation]) => translation === text)?.[0] ?? firstLanguage;
  return { html: toHtml(text, textOf(own(json, 'mediaType'))), language: languageOf(language) };
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

function languageOf(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === 'und' || tag.length > 35) return undefined;
  if (/^[a-z]{2}$/.test(tag)) return tag;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    return undefined; // A stranger's tag that is none.
  }
}

/** The options of a poll, as a list below its text. */
function readOptions(json: JsonObject): string {
  const options = [...objectsOf(own(json, 'oneOf')), ...objectsOf(own(json, 'anyOf'))].slice(0, OPTIONS_LIMIT);
  const items = options.map((option) => `<li>${escapeHtml(plainText(own(option, 'name'), TITLE_LIMIT))}</li>`);
  return items.length === 0 ? '' : sanitizeHtml(`<ul>${items.join('')}</ul>`);
}
