import { afterEach, expect, test, vi } from 'vitest';
import { createTurns } from '#lib/turns.ts';

afterEach(() => void vi.useRealTimers());

/** Things that run until they are told to end, in the order in which they began. */
function createRuns() {
  const running = new Map<string, () => void>();
  const began: string[] = [];
  const run = (name: string) => () =>
    new Promise<string>((resolve) => {
      began.push(name);
      running.set(name, () => resolve(name));
    });
  return { run, began, end: (name: string) => running.get(name)!() };
}

test('few of a key run at once, the others in the order in which they came, and keys do not wait for each other', async () => {
  const { run, began, end } = createRuns();
  const turns = createTurns({ limit: 2, maxWaiting: 10, patience: 1_000 });
  const taken = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => turns.take(name[0]!, run(name)));
  await vi.waitFor(() => expect(began).toEqual(['a1', 'a2', 'b1']));
  end('a2');
  await vi.waitFor(() => expect(began).toEqual(['a1', 'a2', 'b1', 'a3']));
  end('a1');
  await vi.waitFor(() => expect(began).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']));
  for (const name of ['a3', 'a4', 'b1']) end(name);
  expect(await Promise.all(taken)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
});

test('whoever comes when too many wait is refused at once, and the place of one that fails is free', async () => {
  const { run, began, end } = createRuns();
  const turns = createTurns({ limit: 1, maxWaiting: 1, patience: 1_000 });
  const failing = turns.take('a', () => Promise.reject(new Error('no answer')));
  const next = turns.take('a', run('next'));
  // The first is under way, the second waits.
  expect(await turns.take('a', run('late'))).toBeUndefined();
  await expect(failing).rejects.toThrow('no answer');
  await vi.waitFor(() => expect(began).toEqual(['next']));
  end('next');
  expect(await next).toBe('next');
  const after = turns.take('a', run('after'));
  await vi.waitFor(() => expect(began).toEqual(['next', 'after']));
  end('after');
  expect(await after).toBe('after');
});

test('whoever has waited for too long is refused, and takes nobody’s place', async () => {
  vi.useFakeTimers();
  const { run, began, end } = createRuns();
  const turns = createTurns({ limit: 1, maxWaiting: 10, patience: 1_000 });
  const first = turns.take('a', run('first'));
  const impatient = turns.take('a', run('impatient'));
  await vi.advanceTimersByTimeAsync(600);
  const patient = turns.take('a', run('patient'));
  await vi.advanceTimersByTimeAsync(400);
  expect(await impatient).toBeUndefined();
  end('first');
  expect(await first).toBe('first');
  await vi.advanceTimersByTimeAsync(0);
  expect(began).toEqual(['first', 'patient']);
  expect(vi.getTimerCount()).toBe(0);
  end('patient');
  expect(await patient).toBe('patient');
});
