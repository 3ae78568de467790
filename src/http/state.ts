import type Koa from 'koa';
import type { Ctx } from '#context.ts';
import type { BodyBudget, BodyShare } from '#http/body-budget.ts';

/** What our middleware adds to each request. */
export interface RequestState {
  /** The server's context. */
  ctx: Ctx;
  /** Address of whoever asks, seen through trusted proxies only. */
  clientAddress: string;
  /** For the log and for whoever reports a problem. */
  requestId: string;
  /** How much of bodies is held. */
  bodies: BodyBudget;
  /** What is held of this request's own. */
  body?: BodyShare;
  /** Of the form that was sent, once somebody has asked for them. */
  fields?: Promise<URLSearchParams>;
}

/** A request. */
export type RequestContext = Koa.ParameterizedContext<RequestState>;
/** A request that a route took, with what it found in the path. */
export type HttpContext = RequestContext & { params: Record<string, string> };
export type Middleware = Koa.Middleware<RequestState>;
