import type { Ctx } from '#context.ts';
import { RateLimited } from '#domain/errors.ts';
import { placeOf } from '#http/rate-limit.ts';
import type { HttpContext } from '#http/state.ts';
import { createTokenBuckets } from '#lib/token-bucket.ts';

/** More than a person opens at once, and than a school behind one address reads on. */
const BURST = 60;
const PER_SECOND = 5;

/** @throws RateLimited for a place that has had too much made for it */
export type TakeRendering = (http: Pick<HttpContext, 'state'>) => void;

/**
 * What one place may have rendered: pages and documents cost milliseconds each, unlike those that are kept, which are not counted. One for
 * all edges, as they share the processor.
 */
export function createRenderLimit(ctx: Pick<Ctx, 'config' | 'now'>): TakeRendering {
  if (!ctx.config.rateLimits) return () => {};
  const buckets = createTokenBuckets({ burst: BURST, perSecond: PER_SECOND, now: () => ctx.now() });
  return ({ state }) => {
    if (!buckets.take(placeOf(state.clientAddress))) throw new RateLimited(ctx.now() + 1_000);
  };
}
