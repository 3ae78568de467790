import { expect, test } from 'vitest';
import { pathForLog } from '#http/request.ts';

test('the log shows paths, but not the secret of the owner link', () => {
  expect(pathForLog('/setup/kp5LYJ4u96d2gprVqnL8U1mr15cdlkqb')).toBe('/setup/…');
  expect(pathForLog('/@alice/1838552666385408')).toBe('/@alice/1838552666385408');
});
