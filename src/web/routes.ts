import { Router } from '@koa/router';
import type { Ctx } from '#context.ts';
import { compose } from '#http/compose.ts';
import { isAliasOfHost, isOurHost } from '#http/host.ts';
import type { TakeRendering } from '#http/render-limit.ts';
import type { Middleware } from '#http/state.ts';
import { showAbout } from '#web/about.ts';
import { handleAction, handlePublish, showConfirmDelete } from '#web/actions.ts';
import { addressOf } from '#web/address.ts';
import { sendRobots, sendSitemap } from '#web/crawlers.ts';
import { errorPages } from '#web/error-page.ts';
import { sendHashtagFeed, sendProfileFeed } from '#web/feed.ts';
import { showFront } from '#web/front.ts';
import { showHashtag } from '#web/hashtag.ts';
import { showHome } from '#web/home.ts';
import { showInteraction } from '#web/interaction.ts';
import { showNetwork } from '#web/network.ts';
import { sendOembed } from '#web/oembed.ts';
import { answerFromCache } from '#web/page.ts';
import { redirectToPost, redirectToProfile, showEmbed, showPost } from '#web/post.ts';
import { handlePreference } from '#web/preferences.ts';
import { showProfile } from '#web/profile.ts';
import { handleRemoteFollow, showRemoteFollow } from '#web/remote-follow.ts';
import {
  handleInstanceSettings,
  handleProfileSettings,
  showInstanceSettings,
  showProfileSettings,
} from '#web/settings.ts';
import { handleSetup, showSetup } from '#web/setup.ts';
import { handleSignIn, handleSignOut, showSignIn } from '#web/sign-in.ts';
import { createSite, type WebContext, type WebState } from '#web/site.ts';
import { readVisit } from '#web/visit.ts';

type Handler = (http: WebContext) => void | Promise<void>;

/** Every page. The last to be asked: what has no page gets a page that says so. */
export function webRoutes(ctx: Ctx, takeRendering: TakeRendering): Middleware {
  const site = createSite(ctx);
  const router = new Router<WebState>();
  const get = (path: string, handler: Handler) => void router.get(path, (http) => handler(http as WebContext));
  const post = (path: string, handler: Handler) => void router.post(path, (http) => handler(http as WebContext));

  get('/', showFront);
  get('/about', showAbout);
  get('/tags/:tag.atom', sendHashtagFeed);
  get('/tags/:tag', showHashtag);

  get('/@:handle.atom', sendProfileFeed);
  get('/@:handle', (http) => showProfile(http, 'posts'));
  get('/@:handle/replies', (http) => showProfile(http, 'replies'));
  get('/@:handle/media', (http) => showProfile(http, 'media'));
  get('/@:handle/followers', (http) => showNetwork(http, 'followers'));
  get('/@:handle/following', (http) => showNetwork(http, 'following'));
  get('/@:handle/follow', showRemoteFollow);
  post('/@:handle/follow', handleRemoteFollow);
  get('/@:handle/:id', showPost);
  get('/@:handle/:id/embed', showEmbed);
  get('/users/:id', redirectToProfile);
  get('/posts/:id', redirectToPost);

  get('/sign-in', showSignIn);
  post('/sign-in', handleSignIn);
  post('/sign-out', handleSignOut);
  get('/setup/:token', showSetup);
  post('/setup/:token', handleSetup);
  post('/preferences', handlePreference);

  get('/home', showHome);
  post('/publish', handlePublish);
  get('/actions/delete/:id', showConfirmDelete);
  post('/actions/:verb/:id', handleAction);
  get('/authorize_interaction', showInteraction);
  get('/settings', showProfileSettings);
  post('/settings', handleProfileSettings);
  get('/settings/instance', showInstanceSettings);
  post('/settings/instance', handleInstanceSettings);

  get('/oembed', sendOembed);
  get('/robots.txt', sendRobots);
  get('/sitemap.xml', sendSitemap);

  const pages = compose([
    refuseOtherHosts,
    site.assets.serve,
    (http, next) => {
      (http.state as WebState).site = site;
      return next();
    },
    errorPages as Middleware,
    async (koa, next) => {
      const http = koa as WebContext;
      const address = addressOf(http);
      http.state.address = address;
      if (await answerFromCache(http, address)) return;
      // Redirects too: where they lead may depend on who asks for what.
      http.set('vary', 'Accept, Accept-Language, Cookie');
      if (http.method === 'GET' || http.method === 'HEAD') takeRendering(http);
      http.state.visit = await readVisit(http);
      await next();
    },
    router.routes() as unknown as Middleware,
    router.allowedMethods() as unknown as Middleware,
  ]);
  return pages;
}

/** A request under another name than the configured one (A83): nothing is made from that name, and nothing is answered under it. */
const refuseOtherHosts: Middleware = (http, next) => {
  const { config } = http.state.ctx;
  const { host } = http.req.headers;
  if (isAliasOfHost(host, config) && http.method === 'GET') {
    http.redirect(config.origin + (http.url.startsWith('/') ? http.url : '/'));
    return Promise.resolve();
  }
  if (isOurHost(host, config)) return next();
  http.status = 421;
  http.type = 'text/plain; charset=utf-8';
  http.set('cache-control', 'no-store');
  http.body = `This server is ${config.origin}. If you run it behind a proxy, make the proxy pass the Host header on.\n`;
  return Promise.resolve();
};
