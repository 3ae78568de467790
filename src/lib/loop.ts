import type { Logger } from '#lib/log.ts';

/** How often a loop looks for work that another process or the passing of time brought (milliseconds). */
const POLL = 500;

export interface Loop {
  start(): void;
  wake(): void;
  /** Resolves once the round under way is over. */
  stop(): Promise<void>;
}

/** Calls `round` until it reports that there was nothing to do, then again when woken, and every half second. Errors do not end it. */
export function createLoop(round: () => Promise<boolean>, log: Logger): Loop {
  let stopped = false;
  let woken = false;
  let wakeUp: (() => void) | undefined;
  let finished: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!stopped) {
      woken = false;
      let worked = false;
      try {
        worked = await round();
      } catch (error) {
        log.error('A round of work failed: {message}', { message: String(error) });
      }
      if (!worked && !woken && !stopped) await idle();
    }
  }

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    start() {
      finished ??= run();
    },
    wake() {
      woken = true;
      wakeUp?.();
    },
    async stop() {
      stopped = true;
      wakeUp?.();
      await finished;
    },
  };
}
