import { type Delivery, finishDeliveries, release, retryDelivery } from '#activitypub/delivery-store.ts';
import type { Verdict } from '#activitypub/delivery-verdict.ts';
import { type Ctx, inTransaction } from '#context.ts';

/** Outcomes are written together: after this many, or so many milliseconds. */
const GROUP_SIZE = 64;
const GROUP_TIME = 20;

interface Outcome {
  delivery: Delivery;
  verdict: Verdict;
}

/** Writes down what the sender found out. */
export interface Outcomes {
  /** What became of a delivery; written soon, together with others. */
  settle(delivery: Delivery, verdict: Verdict): void;
  /** Writes in a transaction of its own, after everything before it. */
  write(work: (tx: Ctx) => Promise<void>): void;
  /** Resolves once everything is written. */
  finish(): Promise<void>;
}

/** @param leasedBy names the sender, whose claims these are @param onSettled is called when there is room for other deliveries */
export function createOutcomes(ctx: Ctx, leasedBy: string, onSettled: () => void): Outcomes {
  let outcomes: Outcome[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const group = outcomes;
    outcomes = [];
    if (group.length > 0) {
      write((tx) => writeGroup(tx, group, leasedBy));
      for (const { delivery, verdict } of group) {
        if (verdict.kind === 'dropped')
          ctx.log.info('Delivery to {host} was dropped: {detail}', { host: delivery.host, detail: verdict.detail });
      }
    }
    onSettled();
  }

  /**
   * Writes one after another: a host's health of before must not overwrite that of now, as it could on PostgreSQL, where transactions
   * overtake each other. What cannot be written is delivered again once the lease has run out.
   */
  function write(work: (tx: Ctx) => Promise<void>): void {
    writing = writing
      .then(() => inTransaction(ctx, work))
      .catch((error: unknown) => {
        ctx.log.error('Outcomes of deliveries could not be written: {message}', { message: String(error) });
      });
  }

  return {
    settle(delivery, verdict) {
      outcomes.push({ delivery, verdict });
      if (outcomes.length >= GROUP_SIZE) flush();
      else timer ??= setTimeout(flush, GROUP_TIME);
    },
    write,
    async finish() {
      flush();
      await writing;
    },
  };
}

async function writeGroup(tx: Ctx, group: readonly Outcome[], leasedBy: string): Promise<void> {
  const done: Delivery[] = [];
  for (const { delivery, verdict } of group) {
    if (verdict.kind === 'retry')
      await retryDelivery(tx.db, delivery, { leasedBy, due: tx.now() + verdict.after, error: verdict.detail });
    else if (verdict.kind === 'postponed')
      await release(tx.db, [delivery.id], { leasedBy, due: tx.now() + verdict.after });
    else done.push(delivery);
  }
  if (done.length > 0) await finishDeliveries(tx.db, done);
}
