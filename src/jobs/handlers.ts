import type { Ctx } from '#context.ts';
import type { EventOf, EventType } from '#domain/events.ts';
import type { Lane } from '#jobs/job-store.ts';

/**
 * Work to do after an event, in two steps. `prepare` may wait for the network and read, and hands what it found to `apply`, which runs in
 * the transaction that also deletes the job: its effects happen exactly once. Work that is not in the database (prepare alone) happens at
 * least once.
 */
export interface JobHandler {
  /** Stable: it is stored with the job. */
  name: string;
  lane: Lane;
  run(payload: unknown): JobRun;
  /** Called in the transaction that gives up a job of this handler for good. */
  afterDeath?: ((tx: Ctx) => Promise<void>) | undefined;
}

export interface JobRun {
  /** Jobs of one handler and equal `order` are applied one after another, in the order in which they were emitted. */
  order: string | number | undefined;
  crowd?: ((ctx: Ctx) => Promise<string | undefined>) | undefined;
  prepare?: ((ctx: Ctx) => Promise<unknown>) | undefined;
  apply?: ((ctx: Ctx, prepared: unknown) => Promise<void>) | undefined;
}

interface Steps<P, R> {
  lane?: Lane;
  /** Whose jobs must not overtake each other: an actor's id, for instance. Holds within a batch; a job that is retried loses its place. */
  inOrderOf?: (payload: P) => string | number;
  /** Who caused the job, if that may be many: of one crowd few run at once, and leave the other places to others. */
  crowdOf?: (ctx: Ctx, payload: P) => Promise<string | undefined>;
  prepare?: (ctx: Ctx, payload: P) => Promise<R>;
  apply?: (ctx: Ctx, payload: P, prepared: R) => Promise<void>;
  afterDeath?: (tx: Ctx) => Promise<void>;
}

export interface Subscription {
  event: EventType;
  handler: JobHandler;
}

/** Subscribes to an event. `name` is stored with each job: rename it only with a migration. */
export function on<T extends EventType, R = undefined>(
  event: T,
  name: string,
  steps: Steps<EventOf<T>, R>,
): Subscription {
  return { event, handler: defineHandler(name, steps) };
}

/** A handler of jobs that no event starts: schedules. */
export function defineHandler<P, R = undefined>(name: string, steps: Steps<P, R>): JobHandler {
  const { lane = 'local', inOrderOf, crowdOf, prepare, apply, afterDeath } = steps;
  return {
    name,
    lane,
    afterDeath,
    run: (payload) => ({
      order: inOrderOf?.(payload as P),
      crowd: crowdOf && ((ctx) => crowdOf(ctx, payload as P)),
      prepare: prepare && ((ctx) => prepare(ctx, payload as P)),
      apply: apply && ((ctx, prepared) => apply(ctx, payload as P, prepared as R)),
    }),
  };
}
