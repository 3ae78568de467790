import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { createServerFederation, createUnusualReceiver } from '#activitypub/federation.ts';
import { createFrontDoor } from '#activitypub/front-door.ts';
import { createFederationRoutes } from '#activitypub/koa.ts';
import type { Config } from '#config.ts';
import type { Ctx } from '#context.ts';
import { openCore, type Overrides } from '#core.ts';
import { ensureOwnerLink } from '#domain/sign-in/owner-link.ts';
import { createClientAddress } from '#http/client-address.ts';
import { requestBasics } from '#http/request.ts';
import { securityHeaders } from '#http/security-headers.ts';
import type { RequestState } from '#http/state.ts';
import { startSchedule } from '#jobs/schedule.ts';
import { schedule } from '#subscribers.ts';
import { webRoutes } from '#web/routes.ts';

/** The whole server, ready to answer. */
export interface App {
  readonly ctx: Ctx;
  readonly koa: Koa<RequestState>;
  /**
   * Starts answering and, where the role says so, working. Resolves with the port; undefined for a worker beside a web process that has
   * the port.
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

/** Builds the server from its parts: the map of what is connected to what. Opens and migrates the database. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const core = await openCore(config, config.role === 'web' ? 'web' : 'worker', overrides);
  const { ctx, worker, sender } = core;

  const koa = new Koa<RequestState>();
  // What the middlewares throw is answered and logged by them; what is left are connections that broke, which strangers do at will.
  koa.on('error', (error: unknown) => ctx.log.debug('A connection broke: {message}', { message: String(error) }));
  koa.use(requestBasics(ctx, createClientAddress(config.trustedProxies)));
  koa.use(securityHeaders(config));
  let ready = false;
  koa.use(async (http, next) => {
    if (http.path !== '/health') return next();
    http.status = ready ? 200 : 503;
    http.body = { status: ready ? 'ok' : 'starting' };
  });
  // A worker answers /health and nothing else: the world is the business of the web processes.
  if (config.role !== 'worker') {
    const federation = createServerFederation(ctx);
    koa.use(createFrontDoor(ctx, { receiveUnusual: createUnusualReceiver(ctx, federation) }));
    koa.use(createFederationRoutes(ctx, federation));
    // Last: what nothing above answers gets a page, be it one that says that there is none.
    koa.use(webRoutes(ctx));
  }

  let server: Server | undefined;
  let stopping: Promise<void> | undefined;

  async function listen(): Promise<number | undefined> {
    const answer = koa.callback();
    const created = createServer(
      { keepAliveTimeout: 65_000, requestTimeout: 60_000 },
      (request, response) => void answer(request, response),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        created.once('error', reject);
        created.listen(config.port, config.listenHost, resolve);
      });
      server = created;
    } catch (error) {
      if (config.role !== 'worker' || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
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
    ready = false;
    await Promise.all([server && closeServer(server, patience), worker.stop(patience), sender.stop(patience)]);
    await core.close();
  }

  return {
    ctx,
    koa,
    listen,
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
