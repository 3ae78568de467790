import { describe, expect, test } from 'vitest';
import { isOurHost } from '#http/host.ts';

describe('The Host header', () => {
  const secure = { scheme: 'https', host: 'parvis.example' } as const;
  const local = { scheme: 'http', host: 'localhost:3000' } as const;

  test.each(['parvis.example', 'PARVIS.example', 'parvis.example:443'])('%s names https://parvis.example', (header) => {
    expect(isOurHost(header, secure)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'evil.example',
    'parvis.example:80',
    'parvis.example.',
    'x.parvis.example',
    'localhost',
    '127.0.0.1',
  ])('A83: %s does not name https://parvis.example', (header) => {
    expect(isOurHost(header, secure)).toBe(false);
  });

  test.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000'])('%s names http://localhost:3000', (header) => {
    expect(isOurHost(header, local)).toBe(true);
  });

  test.each([
    'localhost',
    '127.0.0.1:3001',
    '10.0.0.1:3000',
    'localhost.evil.example:3000',
    '127.0.0.1.evil.example:3000',
  ])('A83: %s does not name http://localhost:3000', (header) => {
    expect(isOurHost(header, local)).toBe(false);
  });
});
