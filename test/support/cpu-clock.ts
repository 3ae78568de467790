/**
 * Starts to measure what this thread does, and returns what asks how much it was so far, in milliseconds of CPU time. Time on the clock
 * would count as well what the machine does meanwhile for others.
 */
export function startCpuClock(): () => number {
  const start = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / 1_000;
  };
}

/** The most CPU time, in milliseconds, that this thread spends between two turns of its loop while `work` is under way. */
export async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let spent = startCpuClock();
  const turn = () => {
    longest = Math.max(longest, spent());
    spent = startCpuClock();
  };
  const timer = setInterval(turn, 1);
  try {
    await work();
    // What the last turn took is seen in the one after it.
    await new Promise((resolve) => setTimeout(resolve, 2));
  } finally {
    clearInterval(timer);
  }
  return longest;
}
