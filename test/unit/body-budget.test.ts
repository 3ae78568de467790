import { expect, test } from 'vitest';
import { createBodyBudget } from '#http/body-budget.ts';

test('bodies are held up to a number of bytes, in all and of one place, until they are done with', () => {
  const budget = createBodyBudget({ bytes: 100, bytesOfPlace: 60, openOfPlace: 2 });
  const first = budget.open('a')!;
  expect(first.take(50)).toBe(true);
  const second = budget.open('a')!;
  expect(second.take(11)).toBe(false);
  expect(second.take(10)).toBe(true);
  const other = budget.open('b')!;
  expect(other.take(41)).toBe(false);
  expect(other.take(40)).toBe(true);
  expect(budget.bytes).toBe(100);
  first[Symbol.dispose]();
  expect(budget.bytes).toBe(50);
  expect(other.take(20)).toBe(true);
  for (const share of [second, other]) share[Symbol.dispose]();
  expect(budget.bytes).toBe(0);
});

test('one place has only so many under way', () => {
  const budget = createBodyBudget({ bytes: 100, bytesOfPlace: 60, openOfPlace: 2 });
  const [first] = [budget.open('a'), budget.open('a')];
  expect(budget.open('a')).toBeUndefined();
  expect(budget.open('b')).toBeDefined();
  first![Symbol.dispose]();
  expect(budget.open('a')).toBeDefined();
});
