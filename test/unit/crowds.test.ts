import { expect, test } from 'vitest';
import { type Admitted, createCrowds } from '#jobs/crowds.ts';

function build() {
  let time = 0;
  const crowds = createCrowds(32, () => time);
  const admitted: Admitted[] = [];
  /** How many of so many more of a crowd may run, and when the others are to come again. */
  const enter = (crowd: string, count: number) => {
    const putOff: number[] = [];
    for (let n = 0; n < count; n++) {
      const result = crowds.enter(crowd);
      if (typeof result === 'number') putOff.push(result);
      else admitted.push(result);
    }
    return { running: count - putOff.length, putOff };
  };
  const leave = (count: number) => {
    for (const job of admitted.splice(0, count)) job.leave();
  };
  return { enter, leave, pass: (milliseconds: number) => void (time += milliseconds) };
}

test('while its jobs are quick, a crowd leaves a quarter of the places to others', () => {
  const { enter, leave, pass } = build();
  expect(enter('a', 30)).toEqual({ running: 24, putOff: [5, 10, 15, 20, 25, 30] });
  expect(enter('b', 8).running).toBe(8);
  pass(50);
  leave(24);
  expect(enter('a', 24).running).toBe(24);
});

test('once its jobs are slow it has four places, also when there is nothing to see but how long they run', () => {
  const { enter, leave, pass } = build();
  enter('a', 4);
  pass(2_500);
  expect(enter('a', 2)).toEqual({ running: 0, putOff: [625, 1_250] });
  pass(17_500);
  leave(4);
  const { running, putOff } = enter('a', 10);
  expect(running).toBe(4);
  // About as fast as four at a time are through.
  expect(putOff[5]! / 6).toBeGreaterThan(1_000);
});

test('a crowd that becomes quick again has its places back', () => {
  const { enter, leave, pass } = build();
  enter('a', 4);
  pass(10_000);
  leave(4);
  for (let round = 0; round < 12; round++) {
    enter('a', 1);
    pass(50);
    leave(1);
  }
  expect(enter('a', 30).running).toBe(24);
});
