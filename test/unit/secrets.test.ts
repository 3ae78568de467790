import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '#domain/sign-in/password.ts';
import { hashToken, newToken } from '#domain/sign-in/secret-token.ts';
import { hasRole, passwordProblem, userRoles } from '#domain/sign-in/user.ts';
import { isEmail } from '#lib/email.ts';
import { derive, seal, unseal } from '#lib/seal.ts';

describe('Sealing', () => {
  const secret = randomBytes(32);

  test('gives back what was sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(unseal(secret, 'test', seal(secret, 'test', Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('never gives the same bytes twice', () => {
    const plain = Buffer.from('key');
    expect(seal(secret, 'test', plain)).not.toEqual(seal(secret, 'test', plain));
  });

  test('refuses bytes that were changed, cut or extended anywhere', () => {
    const sealed = seal(secret, 'test', Buffer.from('a private key'));
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(() => unseal(secret, 'test', changed)).toThrow();
    }
    for (const length of [0, 11, 12, 20, 28, sealed.length - 1])
      expect(() => unseal(secret, 'test', sealed.subarray(0, length))).toThrow();
    expect(() => unseal(secret, 'test', Buffer.concat([sealed, Buffer.alloc(1)]))).toThrow();
  });

  test('keeps secrets and purposes apart', () => {
    const sealed = seal(secret, 'test', Buffer.from('a private key'));
    expect(() => unseal(randomBytes(32), 'test', sealed)).toThrow();
    expect(() => unseal(secret, 'other', sealed)).toThrow();
    expect(derive(secret, 'one')).not.toEqual(derive(secret, 'two'));
  });
});

describe('Passwords', () => {
  test('are hashed with argon2id, salted, in PHC format', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('correct horse', one)).toBe(true);
    expect(await verifyPassword('correct horse', two)).toBe(true);
  });

  test('are not right when anything differs', async () => {
    const hash = await hashPassword('correct horse');
    for (const wrong of ['Correct horse', 'correct horse ', '', 'correct hors'])
      expect(await verifyPassword(wrong, hash)).toBe(false);
  });

  test('are the same however the keyboard composes its letters', async () => {
    const hash = await hashPassword('éléphant');
    expect(await verifyPassword('éléphant'.normalize('NFD'), hash)).toBe(true);
  });

  test('of nobody, and with hashes that are none, are wrong after the same work', async () => {
    for (const hash of [undefined, '', 'x', '$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA', '$2b$10$abc']) {
      const started = process.cpuUsage();
      expect(await verifyPassword('correct horse', hash)).toBe(false);
      expect(process.cpuUsage(started).user + process.cpuUsage(started).system).toBeGreaterThan(1_000);
    }
  });

  test('say with which parameters they were hashed, and others give another hash', async () => {
    const hash = await hashPassword('correct horse');
    expect(await verifyPassword('correct horse', hash.replace('t=2', 't=3'))).toBe(false);
  });

  test('have 8 to 256 characters', () => {
    expect(passwordProblem('1234567')).toMatch(/at least 8/);
    expect(passwordProblem('eight ch')).toBeUndefined();
    expect(passwordProblem('many words '.repeat(23))).toBeUndefined();
    expect(passwordProblem('x'.repeat(257))).toMatch(/at most 256/);
  });

  test.each([
    '12345678',
    '87654321',
    'qwertyuiop',
    'azertyuiop',
    'aaaaaaaa',
    'abababab',
    'abcd1234',
    'Password1!',
    'P4ssw0rd',
    'motdepasse',
    'Soleil2024',
    'iloveyou',
    'alice2026',
    'parvis.example',
  ])('that are guessed first are refused: %s', (password) => {
    expect(passwordProblem(password, ['alice', 'alice@mail.example', 'parvis.example'])).toMatch(/anybody would try/);
  });

  test.each(['correct horse battery', 'tr0ub4dor&3', 'xK7!mq2Lw', 'une fenêtre ouverte', '7294018365'])(
    'that nobody guesses are taken: %s',
    (password) => {
      expect(passwordProblem(password, ['alice', 'alice@mail.example', 'parvis.example'])).toBeUndefined();
    },
  );
});

describe('Tokens', () => {
  test('are 256 random bits, kept as a hash', () => {
    const token = newToken();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(newToken()).not.toBe(token);
    expect(hashToken(token)).toBe(hashToken(token));
    expect(hashToken(token)).not.toContain(token);
  });
});

describe('Roles', () => {
  test('include what the lower ones may do', () => {
    for (const [i, role] of userRoles.entries()) {
      for (const [j, needed] of userRoles.entries()) expect(hasRole(role, needed)).toBe(i <= j);
    }
  });
});

describe('Addresses', () => {
  test.each(['ada@mail.example', 'a.b+c@sub.mail.example', "o'neil@mail.example"])(
    'of mail may look like %s',
    (text) => {
      expect(isEmail(text)).toBe(true);
    },
  );

  test.each([
    '',
    'ada',
    'ada@',
    '@mail.example',
    'ada@mail',
    'ada@@mail.example',
    'ada b@mail.example',
    'ada@mail.example\n',
    'ada@mail,example.org',
    `${'a'.repeat(250)}@x.org`,
    '<ada@mail.example>',
  ])('of mail do not look like %j', (text) => {
    expect(isEmail(text)).toBe(false);
  });
});
