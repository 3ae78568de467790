import { expect, test } from 'vitest';
import { conflictingOrigin } from '#domain/instance/first-origin.ts';

const conflict = (origin: string, first: string) => conflictingOrigin({ origin }, { uri: `${first}/users/1` });

test.each([
  ['https://parvis.example', 'https://parvis.example'],
  ['http://localhost:4000', 'http://localhost:3000'],
  ['http://127.0.0.1:4000', 'http://localhost:3000'],
])('%s may go on with a database of %s', (origin, first) => {
  expect(conflict(origin, first)).toBeUndefined();
});

test.each([
  ['https://parvis.example', 'https://other.example'],
  ['http://localhost:3000', 'https://parvis.example'],
  ['https://parvis.example', 'http://localhost:3000'],
  ['http://parvis.example', 'https://parvis.example'],
])('%s is told that its database belongs to %s', (origin, first) => {
  expect(conflict(origin, first)).toBe(first);
});
