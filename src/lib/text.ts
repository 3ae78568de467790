import type { Token } from 'markdown-it';

import { namesAnotherHost, readLinkTarget, spellsTarget } from '#lib/html-link.ts';
import { escapeHtml } from '#lib/html.ts';
import { findUrlsAndMentions, type Handle, type TextEntity } from '#lib/text-entities.ts';
import { entityOf, parseText, renderTokens, type TextFormat } from '#lib/text-parser.ts';

export type { Handle, TextFormat };

interface MentionTarget {
  href: string;
  /** What to show after the `@`; by default the name, with the host where two mentioned accounts share a name. */
  label?: string;
}

export interface RenderOptions {
  /** Default `markdown`, which leaves plain text as it is. */
  format?: TextFormat;
  /** The account a handle names, or undefined to leave it as text. */
  resolveMention(handle: Handle): MentionTarget | undefined;
  /** The page of a hashtag, given by its key (see `normalizeHashtag`). */
  hashtagUrl(key: string): string;
}

export interface RenderedText {
  html: string;
  /** The handles that were resolved, each once. */
  mentions: Handle[];
  /** As first written, without `#`, each once. */
  hashtags: string[];
  /** Where links lead, in order, each once. */
  urls: string[];
}

/** Characters of a URL that are shown, as in Mastodon. */
const SHOWN_URL_LENGTH = 30;
const LINK_ATTRIBUTES = 'rel="nofollow noopener noreferrer" target="_blank"';

/** Renders a post's text in the HTML that Mastodon writes, so that every client knows its mentions and hashtags. */
export function renderText(source: string, options: RenderOptions): RenderedText {
  const tokens = parseText(source, options.format ?? 'markdown');
  const entities = entitiesOf(tokens);
  const targets = new Map<string, MentionTarget>();
  const mentions = handlesOf(entities).filter((handle) => {
    const target = options.resolveMention(handle);
    if (target) targets.set(keyOf(handle), target);
    return target !== undefined;
  });
  const namesakes = Map.groupBy(mentions, (handle) => handle.name.toLowerCase());
  const hashtags = new Map<string, string>();
  const urls = new Set<string>();

  const renderEntity = (entity: TextEntity): string => {
    switch (entity.type) {
      case 'url':
        urls.add(entity.href);
        return renderUrl(entity);
      case 'hashtag': {
        const key = normalizeHashtag(entity.name);
        if (!hashtags.has(key)) hashtags.set(key, entity.name);
        return renderHashtag(options.hashtagUrl(key), entity.name);
      }
      case 'mention': {
        const target = targets.get(keyOf(entity.handle));
        if (!target) return escapeHtml(entity.text);
        const isAmbiguous = namesakes.get(entity.handle.name.toLowerCase())!.length > 1;
        return renderMention(target.href, target.label ?? (isAmbiguous ? entity.text.slice(1) : entity.handle.name));
      }
    }
  };
  const noteUrl = (href: string) => urls.add(URL.parse(href)?.href ?? href);
  for (const token of tokens) {
    if (token.children !== null) token.children = renderLinks(token.children, renderEntity, noteUrl);
  }
  return { html: renderTokens(tokens), mentions, hashtags: [...hashtags.values()], urls: [...urls] };
}

/** The handles `renderText` will ask about, each once: for looking them up in one batch. */
export function extractHandles(source: string, format: TextFormat = 'markdown'): Handle[] {
  return handlesOf(entitiesOf(parseText(source, format)));
}

/**
 * The key under which a hashtag is stored and looked up: the same for all spellings that people take for one (case,
 * full-width and other compatibility forms, invisible joiners).
 */
export function normalizeHashtag(tag: string): string {
  // JavaScript has no case folding. By way of upper case ẞ and ß equal ss, and ı equals i; sigma has two lower cases.
  const folded = tag.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return folded
    .normalize('NFKC')
    .replaceAll(/[\u200c\u200d]/g, '')
    .replace(/^#+/, '');
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const URL_LENGTH = 23;

/**
 * The length of a post as Mastodon counts it: in grapheme clusters, a URL as 23 and a mention without its host. One
 * cluster may be of any size: limit the length of the source too.
 */
export function countCharacters(source: string): number {
  let text = '';
  let end = 0;
  for (const entity of findUrlsAndMentions(source)) {
    text += source.slice(end, entity.start);
    if (entity.type === 'mention') text += `@${entity.handle.name}`;
    else text += 'x'.repeat(URL_LENGTH);
    end = entity.start + entity.text.length;
  }
  text += source.slice(end);
  text = text.replaceAll('\r\n', '\n');
  return /^\p{ASCII}*$/u.test(text) ? text.length : [...graphemes.segment(text)].length;
}

function entitiesOf(tokens: readonly Token[]): TextEntity[] {
  return tokens.flatMap((token) => (token.children ?? []).flatMap((child) => entityOf(child) ?? []));
}

function handlesOf(entities: readonly TextEntity[]): Handle[] {
  const handles = new Map<string, Handle>();
  for (const entity of entities) {
    if (entity.type !== 'mention') continue;
    const key = keyOf(entity.handle);
    if (!handles.has(key)) handles.set(key, entity.handle);
  }
  return [...handles.values()];
}

function keyOf({ name, host }: Handle): string {
  return `${name.toLowerCase()}@${host ?? ''}`;
}

function renderMention(href: string, label: string): string {
  return `<span class="h-card" translate="no"><a href="${escapeHtml(href)}" class="u-url mention">@<span>${escapeHtml(label)}</span></a></span>`;
}

function renderHashtag(href: string, name: string): string {
  return `<a href="${escapeHtml(href)}" class="mention hashtag" rel="tag">#<span>${escapeHtml(name)}</span></a>`;
}

/** The URL without its scheme, cut; the rest is in the document for copying, and hidden by clients. */
function renderUrl({ text, href }: TextEntity & { type: 'url' }): string {
  const start = /^https?:\/\/(?:www\.(?=[^/?#]*\.))?/i.exec(text)![0];
  const characters = Array.from(text.slice(start.length));
  // A host is never cut: `bank.example.login.evil…` (A67).
  const host = Array.from(/^[^/?#]*/.exec(text.slice(start.length))![0]);
  const shown = Math.max(SHOWN_URL_LENGTH, host.length);
  const isCut = characters.length > shown;
  const middle = escapeHtml(characters.slice(0, shown).join(''));
  return (
    `<a href="${escapeHtml(href)}" ${LINK_ATTRIBUTES} translate="no"><span class="invisible">${escapeHtml(start)}</span>` +
    (isCut
      ? `<span class="ellipsis">${middle}</span><span class="invisible">${escapeHtml(characters.slice(shown).join(''))}</span>`
      : `<span>${middle}</span>`) +
    '</a>'
  );
}

/**
 * Renders entities and links. Markdown links are judged as those of strangers are: one that leads nowhere (`[x]()`) stays
 * text, one whose text is empty or names another host shows its target.
 */
function renderLinks(
  tokens: readonly Token[],
  renderEntity: (entity: TextEntity) => string,
  noteUrl: (href: string) => void,
): Token[] {
  const result: Token[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const open = tokens[index]!;
    if (open.type !== 'link_open') {
      const entity = entityOf(open);
      result.push(entity ? setHtml(open, renderEntity(entity)) : open);
      continue;
    }
    const start = index + 1;
    while (tokens[index]!.type !== 'link_close') index += 1;
    const close = tokens[index]!;
    const label = tokens.slice(start, index);
    const target = readLinkTarget(String(open.attrGet('href')));
    if (!target) {
      result.push(setHtml(open, '['), ...label, setHtml(close, ']()'));
      continue;
    }
    noteUrl(target.href);
    const text = label.map((token) => (token.tag === 'br' ? '\n' : token.content)).join('');
    const isHonest = text.trim() !== '' && (spellsTarget(text, target) || !namesAnotherHost(text, target));
    const href = escapeHtml(target.href);
    result.push(setHtml(open, `<a href="${href}" ${LINK_ATTRIBUTES}>`));
    result.push(...(isHonest ? label : []), setHtml(close, isHonest ? '</a>' : `${href}</a>`));
  }
  return result;
}

/** Turns a token into finished HTML. */
function setHtml(token: Token, html: string): Token {
  return Object.assign(token, { type: 'html_inline', content: html });
}
