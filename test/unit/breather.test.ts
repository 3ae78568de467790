import { expect, test } from 'vitest';
import { createBreather } from '#lib/breather.ts';

/** Keeps the process busy. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

/** Pieces of work that wait for nothing but each other, as with a database that answers at once, and turns of the loop meanwhile. */
async function turnsDuring(pieces: number, milliseconds: number): Promise<number> {
  const breathe = createBreather(10);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const all = Array.from({ length: pieces }, async () => {
    await breathe();
    for (let step = 0; step < 5; step++) await Promise.resolve();
    work(milliseconds);
  });
  await Promise.all(all);
  isOver = true;
  return turns;
}

test('long pieces let the loop turn between them', async () => {
  expect(await turnsDuring(8, 12)).toBeGreaterThanOrEqual(7);
});

test('short ones go together', async () => {
  expect(await turnsDuring(50, 0)).toBeLessThanOrEqual(5);
});
