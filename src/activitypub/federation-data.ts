import type { Ctx } from '#context.ts';
import type { Viewer } from '#domain/posts/post-policy.ts';
import type { JsonObject } from '#lib/json.ts';

/** What goes with a request through Fedify to our dispatchers and listeners, and back. */
export interface FederationData {
  readonly ctx: Ctx;
  /** Whoever proved to ask, by a signed request. */
  readonly viewer: Viewer;
  /** Status to answer instead of Fedify's own, set by a dispatcher. */
  status?: number;
  /** The activity that was posted, once its actor's own signature within was verified; set by the inbox listener. */
  verified?: JsonObject;
}
