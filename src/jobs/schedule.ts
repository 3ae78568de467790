import { type Ctx, inTransaction } from '#context.ts';
import { defineHandler, type JobHandler } from '#jobs/handlers.ts';
import { insertJobOnce } from '#jobs/job-store.ts';

export interface Scheduled {
  name: string;
  /** Milliseconds from the end of one run to the next. */
  every: number;
  /** Work in bounded bites: a run holds the write lock. Returning true asks for another bite at once. */
  run(ctx: Ctx): Promise<boolean | void>;
}

/**
 * Turns recurring work into jobs that put themselves back: of all workers one runs it, and a crash loses nothing. One that fails for good
 * stays among the dead for the operator to see, and the work is done again at its next time all the same.
 */
export function scheduleHandlers(scheduled: readonly Scheduled[]): JobHandler[] {
  return scheduled.map((work) =>
    defineHandler(work.name, {
      async apply(ctx) {
        const again = await work.run(ctx);
        await insertNext(ctx, work, again === true ? ctx.now() : ctx.now() + work.every);
      },
      afterDeath: (tx) => insertNext(tx, work, tx.now() + work.every),
    }),
  );
}

/** Makes sure that every piece of recurring work has its job. */
export async function startSchedule(ctx: Ctx, scheduled: readonly Scheduled[]): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    for (const work of scheduled) await insertNext(tx, work, tx.now() + Math.min(work.every, 60_000));
  });
}

async function insertNext(ctx: Ctx, work: Scheduled, due: number): Promise<void> {
  const job = { id: ctx.ids.next(), lane: 'local' as const, handler: work.name, payload: '{}', key: 'schedule' };
  await insertJobOnce(ctx.db, { ...job, due, createdAt: ctx.now() });
}
