import { createHash } from 'node:crypto';
import { csrfToken } from '#http/csrf.ts';
import { PAGE_CSP } from '#http/security-headers.ts';
import { sessionToken } from '#http/session.ts';
import { hasRole } from '#domain/sign-in/user.ts';
import { catalogues, languages } from '#web/locales/index.ts';
import type { Basis } from '#web/page-cache.ts';
import { themes, type WebContext } from '#web/site.ts';
import { languageOf, themeOf } from '#web/visit.ts';

export interface Page {
  /** Template in views/pages. */
  view: string;
  /** Of the document, before the name of this place; '' for the front page. */
  title: string;
  /** What the template shows. */
  data: object;
  status?: number;
  head?: Head;
  /** Replaces the policy of pages. */
  csp?: string;
  /** What it was made from: lets an anonymous page be kept. */
  basis?: Basis;
  ttlMs?: number;
}

export interface Head {
  description?: string;
  /** Absolute. */
  canonical?: string;
  robots?: 'noindex' | 'index';
  meta?: readonly { name?: string; property?: string; content: string }[];
  links?: readonly { rel: string; href: string; type?: string; title?: string }[];
  jsonLd?: object | undefined;
}

/** How long a kept page may live although nothing that it compares has changed (milliseconds). */
const TTL = 60_000;
/** Parameters that make another page; with others in the address nothing is kept, or strangers could fill the cache. */
const PARAMETERS = new Set(['before', 'url', 'format', 'maxwidth', 'maxheight']);

/** Fills a page's template and the layout around it, and answers with it. */
export function showPage(http: WebContext, page: Page): void {
  const { site, visit } = http.state;
  const html = site.views.render('layout', { ...layoutOf(http, page), ...page.data, view: `@pages/${page.view}` });
  http.set('content-security-policy', page.csp ?? PAGE_CSP);
  send(http, html, {
    type: 'text/html; charset=utf-8',
    status: page.status ?? 200,
    ...(visit.viewer ? {} : keepable(page)),
  });
}

function keepable({ basis, ttlMs }: Page): Pick<Answer, 'basis' | 'ttlMs'> {
  return { ...(basis && { basis }), ...(ttlMs !== undefined && { ttlMs }) };
}

export interface Answer {
  type: string;
  status?: number;
  basis?: Basis;
  ttlMs?: number;
}

/** Answers with a text that is the same for everybody where it has a basis, and otherwise for nobody else. */
export function send(http: WebContext, body: string, { type, status = 200, basis, ttlMs = TTL }: Answer): void {
  const { site } = http.state;
  http.status = status;
  http.type = type;
  http.set('content-language', http.state.visit.language);
  const isShared =
    basis !== undefined &&
    status === 200 &&
    sessionToken(http) === undefined &&
    http.res.getHeader('set-cookie') === undefined;
  if (!isShared) {
    http.set('cache-control', 'private, no-store');
    http.body = body;
    return;
  }
  const bytes = Buffer.from(body);
  const etag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  http.set({ etag, 'cache-control': 'public, no-cache' });
  if (isKeepable(http)) site.cache.keep(cacheKey(http), { bytes, etag, headers: keptHeaders(http) }, basis, ttlMs);
  answerConditionally(http, bytes);
}

function isKeepable({ url, query }: WebContext): boolean {
  return url.length < 512 && Object.keys(query).every((name) => PARAMETERS.has(name));
}

/** The same address is another page in another language or with other colours. */
function cacheKey(http: WebContext): string {
  return `${languageOf(http)} ${themeOf(http)} ${http.url}`;
}

const KEPT = [
  'content-type',
  'content-language',
  'content-security-policy',
  'vary',
  'etag',
  'cache-control',
  'x-robots-tag',
  'access-control-allow-origin',
];

function keptHeaders({ res }: WebContext): Record<string, string> {
  return Object.fromEntries(KEPT.flatMap((name) => (res.hasHeader(name) ? [[name, String(res.getHeader(name))]] : [])));
}

/** Answers from the kept pages, if it can. Only for people without a session: nobody gets what was made for somebody else. */
export async function answerFromCache(http: WebContext): Promise<boolean> {
  if ((http.method !== 'GET' && http.method !== 'HEAD') || sessionToken(http) !== undefined) return false;
  const kept = await http.state.site.cache.find(cacheKey(http));
  if (!kept) return false;
  http.status = 200;
  for (const [name, value] of Object.entries(kept.headers)) http.res.setHeader(name, value);
  answerConditionally(http, kept.bytes);
  return true;
}

function answerConditionally(http: WebContext, bytes: Buffer): void {
  if (http.fresh) {
    http.status = 304;
    return;
  }
  // The type was set before: a Buffer would become application/octet-stream.
  http.body = bytes;
}

function layoutOf(http: WebContext, { title, head = {}, status = 200 }: Page) {
  const { site, visit } = http.state;
  const { t, viewer, settings } = visit;
  // An error page says nothing of what was asked for, be it by its length (A43).
  const here = http.method === 'GET' && status < 400 ? http.url : '/';
  const preference = (name: string, value: string) => `/preferences?${name}=${value}&to=${encodeURIComponent(here)}`;
  const noindex = head.robots === 'noindex' || settings.indexing === 'refused';
  const isCurrent = (href: string) => (href === http.path ? 'page' : '');
  const links = viewer
    ? [
        { label: t.nav.home, href: '/home' },
        { label: t.nav.profile, href: `/@${viewer.account.username}` },
        { label: t.nav.settings, href: '/settings' },
      ]
    : [
        { label: t.nav.about, href: '/about' },
        { label: t.nav.signIn, href: '/sign-in' },
      ];
  return {
    t,
    language: visit.language,
    theme: visit.theme,
    host: site.ctx.config.host,
    siteName: settings.name,
    documentTitle: title === '' ? settings.name : `${title} – ${settings.name}`,
    style: site.assets.url('style.css'),
    mark: site.assets.url('mark.svg'),
    csrf: viewer ? csrfToken(http) : '',
    isSignedIn: viewer !== undefined,
    isOwner: viewer !== undefined && hasRole(viewer.user.role, 'owner'),
    nav: links.map((link) => ({ ...link, current: isCurrent(link.href) })),
    footer: {
      languages: languages.map((language) => ({
        language,
        label: catalogues[language].name,
        href: preference('language', language),
        isCurrent: language === visit.language,
      })),
      themes: themes.map((theme) => ({
        label: t.footer.themes[theme],
        href: preference('theme', theme),
        isCurrent: theme === visit.theme,
      })),
    },
    head: {
      description: head.description ?? '',
      canonical: head.canonical ?? '',
      robots: noindex ? 'noindex' : '',
      meta: (head.meta ?? []).map(({ name, property, content }) => ({
        key: name === undefined ? 'property' : 'name',
        value: name ?? property ?? '',
        content,
      })),
      links: (head.links ?? []).map(({ rel, href, type = '', title: label = '' }) => ({
        rel,
        href,
        type,
        title: label,
      })),
      jsonLd: head.jsonLd ? toScript(head.jsonLd) : '',
    },
  };
}

/** JSON that no HTML parser takes for the end of its element, or for markup (A71). */
function toScript(value: object): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}

/** A path of ours to go back to; undefined for anything that leads, or could lead, to another host. */
export function localPath(http: WebContext, path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith('/') || path.length > 2_000 || /[\\\p{Cc}\s]/u.test(path))
    return undefined;
  const { origin } = http.state.ctx.config;
  const url = URL.parse(path, origin);
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : undefined;
}

/** Sends the browser to look at a page, after a form. */
export function seeOther(http: WebContext, path: string): void {
  http.status = 303;
  http.set('location', path);
  http.set('cache-control', 'private, no-store');
  http.body = '';
}
