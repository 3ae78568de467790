export interface TurnsOptions {
  /** Under way at once, per key. */
  limit: number;
  /** Waiting for their turn at once, per key. */
  maxWaiting: number;
  /** How long one waits (milliseconds). */
  patience: number;
}

export interface Turns {
  /** Runs it when it is its turn among those of `key`. Undefined, and never run, when too many wait or it has waited for too long. */
  take<T>(key: string, run: () => Promise<T>): Promise<T | undefined>;
}

interface Line {
  running: number;
  /** Each is told whether it is its turn. */
  waiting: Set<(isTurn: boolean) => void>;
}

/** Has few things of one kind under way at a time, and the others wait for their turn. */
export function createTurns({ limit, maxWaiting, patience }: TurnsOptions): Turns {
  const lines = new Map<string, Line>();

  function enter(line: Line): Promise<boolean> {
    if (line.running < limit) {
      line.running += 1;
      return Promise.resolve(true);
    }
    if (line.waiting.size >= maxWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const tell = (isTurn: boolean) => {
        clearTimeout(timer);
        line.waiting.delete(tell);
        resolve(isTurn);
      };
      const timer = setTimeout(() => tell(false), patience);
      line.waiting.add(tell);
    });
  }

  /** Hands the place on to whoever has waited longest. */
  function leave(key: string, line: Line): void {
    const [next] = line.waiting;
    if (next) {
      next(true);
      return;
    }
    line.running -= 1;
    if (line.running === 0) lines.delete(key);
  }

  return {
    async take(key, run) {
      const line = lines.get(key) ?? { running: 0, waiting: new Set() };
      lines.set(key, line);
      if (!(await enter(line))) return undefined;
      try {
        return await run();
      } finally {
        leave(key, line);
      }
    },
  };
}
