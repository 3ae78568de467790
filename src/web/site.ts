import { join } from 'node:path';
import type Koa from 'koa';
import type { Ctx } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { type InstanceSettings } from '#domain/instance/settings.ts';
import type { User } from '#domain/sign-in/user.ts';
import { type LocalUrls, localUrls } from '#domain/urls.ts';
import { createRateLimit, type RateLimit } from '#http/rate-limit.ts';
import { createStaticFiles, type StaticFiles } from '#http/static.ts';
import type { RequestState } from '#http/state.ts';
import { createViews, type Views } from '#http/views.ts';
import type { Catalogue, Formatter, Language } from '#web/locales/index.ts';
import { createPageCache, type PageCache } from '#web/page-cache.ts';

/** What all pages share, built once. */
export interface Site {
  readonly ctx: Ctx;
  readonly urls: LocalUrls;
  readonly views: Views;
  readonly assets: StaticFiles;
  readonly cache: PageCache;
  readonly limits: Record<'signInByPlace' | 'signInByLogin' | 'outgoing', RateLimit>;
}

const MINUTE = 60_000;
const root = join(import.meta.dirname, '../..');

export function createSite(ctx: Ctx): Site {
  const limitOf = (limit: number, minutes: number) =>
    createRateLimit({ limit, windowMs: minutes * MINUTE, now: () => ctx.now(), isOn: ctx.config.rateLimits });
  return {
    ctx,
    urls: localUrls(ctx.config),
    views: createViews(join(root, 'views')),
    assets: createStaticFiles(join(root, 'views/assets'), '/assets'),
    cache: createPageCache(ctx),
    limits: { signInByPlace: limitOf(30, 10), signInByLogin: limitOf(10, 10), outgoing: limitOf(30, 10) },
  };
}

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** Who asks for a page, and how they want it. */
export interface Visit {
  readonly language: Language;
  /** What was chosen in this browser. */
  readonly languageChoice: Language | 'auto';
  readonly t: Catalogue;
  readonly format: Formatter;
  readonly theme: Theme;
  /** Undefined for somebody not signed in: what they get is the same for all of them. */
  readonly viewer: { user: User; account: Account } | undefined;
  readonly settings: InstanceSettings;
}

export interface WebState extends RequestState {
  site: Site;
  /** Path and meaningful parameters, see addressOf; undefined where the query is refused. */
  address: string | undefined;
  visit: Visit;
}

export type WebContext = Koa.ParameterizedContext<WebState> & { params: Record<string, string> };
