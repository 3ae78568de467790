import { createHash } from 'node:crypto';
import { csrfToken } from '#http/csrf.ts';
import { PAGE_CSP } from '#http/security-headers.ts';
import { sessionToken } from '#http/session.ts';
import { hasRole } from '#domain/sign-in/user.ts';
import { catalogues, languages } from '#web/locales/index.ts';
import { backHere } from '#web/address.ts';
import { leaveNotice, type Notice, takeNotice } from '#web/notice.ts';
import type { Basis } from '#web/page-cache.ts';
import { themes, type WebContext } from '#web/site.ts';
import { languageChoiceOf, languageOf, themeOf } from '#web/visit.ts';

export interface Page {
  /** Template in views/pages. */
  view: string;
  /** Of the document, before the name of this place; '' for the front page. */
  title: string;
  /** What the template shows. */
  data: object;
  status?: number;
  /** A form that comes back because of what was written into it: the title says so, and the status is 422 where none is given. */
  isRefused?: boolean;
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
/** Characters of the addresses under which something is kept. */
const KEPT_ADDRESS_LIMIT = 512;

/** Fills a page's template and the layout around it, and answers with it. */
export function showPage(http: WebContext, page: Page): void {
  const { site, visit } = http.state;
  const status = page.status ?? (page.isRefused ? 422 : 200);
  const layout = layoutOf(http, { ...page, status });
  const html = site.views.render('layout', { ...layout, ...page.data, view: `@pages/${page.view}` });
  http.set('content-security-policy', page.csp ?? PAGE_CSP);
  send(http, html, { type: 'text/html; charset=utf-8', status, ...(visit.viewer ? {} : keepable(page)) });
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
  const { site, visit, address } = http.state;
  http.status = status;
  http.type = type;
  http.set('content-language', visit.language);
  // Not by robots.txt: crawlers that may not read a page do not learn either that it wants to be left out.
  if (visit.settings.indexing === 'refused') http.set('x-robots-tag', 'noindex');
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
  if (address !== undefined && address.length < KEPT_ADDRESS_LIMIT) {
    site.cache.keep(cacheKey(http, address), { bytes, etag, headers: keptHeaders(http) }, basis, ttlMs);
  }
  answerConditionally(http, bytes);
}

/** The same address is another page in another language or with other colours. The footer says which were chosen, and which merely fit. */
function cacheKey(http: WebContext, address: string): string {
  return `${languageOf(http)} ${languageChoiceOf(http)} ${themeOf(http)} ${address}`;
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
export async function answerFromCache(http: WebContext, address: string): Promise<boolean> {
  if ((http.method !== 'GET' && http.method !== 'HEAD') || sessionToken(http) !== undefined) return false;
  const kept = await http.state.site.cache.find(cacheKey(http, address));
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

function layoutOf(http: WebContext, { title, head = {}, status = 200, isRefused = false }: Page) {
  const { site, visit } = http.state;
  const { t, viewer, settings } = visit;
  // An error page says nothing of what was asked for, be it by its length (A43).
  const here = (status < 400 ? backHere(http) : undefined) ?? '/';
  const noindex = head.robots === 'noindex' || settings.indexing === 'refused';
  const heading = isRefused ? t.errors.inTitle(title) : title;
  const links = viewer
    ? [
        { label: t.nav.home, href: '/home' },
        { label: t.nav.profile, href: `/@${viewer.account.username}` },
        { label: t.nav.settings, href: '/settings' },
      ]
    : [
        { label: t.nav.about, href: '/about' },
        { label: t.nav.signIn, href: signInPath(here) },
      ];
  const isCurrent = (href: string) => (href.split('?')[0] === http.path ? 'page' : '');
  return {
    t,
    language: visit.language,
    theme: visit.theme,
    host: site.ctx.config.host,
    siteName: settings.name,
    documentTitle: heading === '' ? settings.name : `${heading} – ${settings.name}`,
    notice: viewer && status < 400 ? takeNotice(http) : '',
    style: site.assets.url('style.css'),
    mark: site.assets.url('mark.svg'),
    csrf: viewer ? csrfToken(http) : '',
    isSignedIn: viewer !== undefined,
    isOwner: viewer !== undefined && hasRole(viewer.user.role, 'owner'),
    nav: links.map((link) => ({ ...link, current: isCurrent(link.href) })),
    footer: {
      here,
      languages: [
        { language: visit.language, label: t.footer.automatic, choice: 'auto' as const },
        ...languages.map((language) => ({ language, label: catalogues[language].name, choice: language })),
      ].map(({ choice, ...shown }) => ({
        ...shown,
        value: choice,
        isCurrent: choice === visit.languageChoice,
      })),
      themes: themes.map((theme) => ({
        label: t.footer.themes[theme],
        value: theme,
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

/** The page for signing in, which leads to `to` afterwards. From the front page and from forms to sign in one goes home. */
export function signInPath(to: string): string {
  return to === '/' || /^\/(?:sign-in|setup\/)/.test(to) ? '/sign-in' : `/sign-in?to=${encodeURIComponent(to)}`;
}

/** Sends the browser to look at a page, after a form, and lets that page say what was done. */
export function seeOther(http: WebContext, path: string, notice?: Notice): void {
  if (notice !== undefined) leaveNotice(http, notice);
  http.status = 303;
  http.set('location', path);
  http.set('cache-control', 'private, no-store');
  http.body = '';
}
