import type Koa from 'koa';
import type { Ctx } from '#context.ts';

/** What our middleware adds to each request. */
export interface RequestState {
  /** The server's context. */
  ctx: Ctx;
  /** Address of whoever asks, seen through trusted proxies only. */
  clientAddress: string;
  /** For the log and for whoever reports a problem. */
  requestId: string;
}

export type HttpContext = Koa.ParameterizedContext<RequestState> & { params: Record<string, string> };
export type Middleware = Koa.Middleware<RequestState>;
