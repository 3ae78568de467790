import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { createSelfSignedVerifier, createServerFederation } from '#activitypub/federation.ts';
import { createFrontDoor } from '#activitypub/front-door.ts';
import { createFederationRoutes } from '#activitypub/koa.ts';
import type { Config } from '#config.ts';
import type { Ctx } from '#context.ts';
import { openCore, type Overrides } from '#core.ts';
import { createHealthCheck } from '#db/health.ts';
import { ensureOwnerLink } from '#domain/sign-in/owner-link.ts';
import { createClientAddress } from '#http/client-address.ts';
import { refuseKoaQuery } from '#http/query.ts';
import { createRenderLimit } from '#http/render-limit.ts';
import { requestBasics } from '#http/request.ts';
import { securityHeaders } from '#http/security-headers.ts';
import type { RequestState } from '#http/state.ts';
import { startSchedule } from '#jobs/schedule.ts';
import { listen as openPort } from '#lib/listening.ts';
import { schedule } from '#subscribers.ts';
import { webRoutes } from '#web/routes.ts';

/** The whole server, ready to answer. */
export interface App {
  readonly ctx: Ctx;
  readonly koa: Koa<RequestState>;
  /**
   * Starts answering and, where the role says so, working. Resolves with the port; undefined for a worker beside a web process that has
   * the port. @throws ExpectedError where it cannot listen
   */
  listen(): Promise<number | undefined>;
  /** Where the owner is made in the browser; undefined once there is one. Each call ends the former link. */
  ownerLink(): Promise<string | undefined>;
  /** Does all work that is due now, for tests. */
  drain(): Promise<void>;
  /** Takes no new requests, lets running ones and jobs finish for up to `patience` milliseconds, and gives the rest back. */
  stop(patience?: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** More than a reverse proxy opens. What they all hold in memory stays well below what a small machine has. */
const CONNECTIONS_LIMIT = 2_000;

/** Builds the server from its parts: the map of what is connected to what. Opens and migrates the database. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const core = await openCore(config, config.role === 'web' ? 'web' : 'worker', overrides);
  const { ctx, worker, sender } = core;

  const koa = new Koa<RequestState>();
  refuseKoaQuery(koa);
  // What the middlewares throw is answered and logged by them; what is left are connections that broke, which strangers do at will.
  koa.on('error', (error: unknown) => ctx.log.debug('A connection broke: {message}', { message: String(error) }));
  koa.use(requestBasics(ctx, createClientAddress(config.trustedProxies)));
  koa.use(securityHeaders(config));
  let ready = false;
  const isDatabaseWell = createHealthCheck(ctx.db);
  koa.use(async (http, next) => {
    if (http.path !== '/health') return next();
    const status = !ready ? 'starting' : (await isDatabaseWell()) ? 'ok' : 'no database';
    http.status = status === 'ok' ? 200 : 503;
    http.set('cache-control', 'no-store');
    http.body = { status };
  });
  // A worker answers /health and nothing else: the world is the business of the web processes.
  if (config.role !== 'worker') {
    const federation = createServerFederation(ctx);
    koa.use(createFrontDoor(ctx, { verifySelfSigned: createSelfSignedVerifier(ctx, federation) }));
    const takeRendering = createRenderLimit(ctx);
    koa.use(createFederationRoutes(ctx, federation, takeRendering));
    // Last: what nothing above answers gets a page, be it one that says that there is none.
    koa.use(webRoutes(ctx, takeRendering));
  }

  let server: Server | undefined;
  let listening: Promise<number | undefined> | undefined;
  let stopping: Promise<void> | undefined;

  async function listen(): Promise<number | undefined> {
    const answer = koa.callback();
    const created = createServer(
      { keepAliveTimeout: 65_000, requestTimeout: 60_000 },
      (request, response) => void answer(request, response),
    );
    // Of those who neither send nor read: each has a page in memory meanwhile. Nobody is made to wait as long by us.
    created.timeout = 90_000;
    created.maxConnections = CONNECTIONS_LIMIT;
    try {
      await openPort(created, { host: config.listenHost, port: config.port });
      server = created;
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (config.role !== 'worker' || code !== 'EADDRINUSE') throw error;
    }
    // After the port: a server that cannot have it must not take jobs and die with them.
    if (config.role !== 'web') {
      await startSchedule(ctx, schedule);
      worker.start();
      sender.start();
    }
    ready = true;
    return (server?.address() as AddressInfo | undefined)?.port;
  }

  async function stop(patience = 8_000): Promise<void> {
    // What would begin after the end would have none. Whoever listens hears why it fails.
    await listening?.catch(() => {});
    ready = false;
    await Promise.all([server && closeServer(server, patience), worker.stop(patience), sender.stop(patience)]);
    await core.close();
  }

  return {
    ctx,
    koa,
    listen: () => (listening ??= listen()),
    ownerLink: () => ensureOwnerLink(ctx),
    drain: core.drain,
    stop: (patience) => (stopping ??= stop(patience)),
    [Symbol.asyncDispose]: () => (stopping ??= stop()),
  };
}

async function closeServer(server: Server, patience: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), patience);
  await closed;
  clearTimeout(timer);
}
