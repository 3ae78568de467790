import { describe, expect, test } from 'vitest';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { NotAllowed } from '#domain/errors.ts';
import { changePassword } from '#domain/sign-in/change-password.ts';
import { createToken } from '#domain/sign-in/create-token.ts';
import { changeRole, disableUser, enableUser } from '#domain/sign-in/manage-user.ts';
import { pruneSessions } from '#domain/sign-in/prune-sessions.ts';
import { insertSession } from '#domain/sign-in/session-store.ts';
import { findSignedIn, signIn } from '#domain/sign-in/sign-in.ts';
import { listOwners } from '#domain/sign-in/user-store.ts';
import { onEachDialect } from '../support/databases.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildUser, PASSWORD } from '../support/world.ts';

async function countTokens(ctx: Ctx, account: Account): Promise<number | undefined> {
  return (await ctx.db.get<{ n: number }>('SELECT count(*) AS n FROM access_token WHERE account_id = ?', [account.id]))
    ?.n;
}

const endings: [name: string, end: (ctx: Ctx, account: Account) => Promise<unknown>][] = [
  ['a new password', (ctx, account) => changePassword(ctx, account.id, 'another long password')],
  ['disabling the user', (ctx, account) => disableUser(ctx, account.id)],
  ['deleting the account', (ctx, account) => deleteAccount(ctx, account.id)],
];

describe('Access', () => {
  test.each(endings)('A76: ends everywhere with %s', async (_, end) => {
    await using app = await createTestApp();
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    const bob = await buildUser(ctx, 'bob');
    const sessions = await Promise.all([signIn(ctx, 'alice', PASSWORD), signIn(ctx, 'alice@mail.example', PASSWORD)]);
    const other = await signIn(ctx, 'bob', PASSWORD);
    for (const account of [alice, bob]) await createToken(ctx, account.id, { scopes: 'read write' });

    await end(ctx, alice);

    for (const { token } of sessions) expect(await findSignedIn(ctx, token)).toBeUndefined();
    expect(await countTokens(ctx, alice)).toBe(0);
    await expect(signIn(ctx, 'alice', PASSWORD)).rejects.toThrow('The name or the password is wrong');
    expect(await findSignedIn(ctx, other.token)).toBeDefined();
    expect(await countTokens(ctx, bob)).toBe(1);
  });

  test.each(endings)('is not given to whoever was signing in during %s', async (_, end) => {
    await using app = await createTestApp();
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    let hasEnded = false;
    const get: Ctx['db']['get'] = async (sql, params) => {
      const row = await ctx.db.get(sql, params);
      if (!hasEnded) await end(ctx, alice);
      hasEnded = true;
      return row as never;
    };
    await expect(signIn({ ...ctx, db: { ...ctx.db, get } }, 'alice', PASSWORD)).rejects.toThrow(NotAllowed);
    expect(await ctx.db.all('SELECT account_id FROM session')).toEqual([]);
  });

  test('is given to no program while the user is disabled, so that none waits for the day they are enabled', async () => {
    await using app = await createTestApp();
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    await disableUser(ctx, alice.id);
    await expect(createToken(ctx, alice.id, { scopes: 'read' })).rejects.toThrow(NotAllowed);
    await enableUser(ctx, alice.id);
    expect(await countTokens(ctx, alice)).toBe(0);
    await createToken(ctx, alice.id, { scopes: 'read' });
    expect(await countTokens(ctx, alice)).toBe(1);
  });

  test('comes back with enabling, but not the sessions of before', async () => {
    await using app = await createTestApp();
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    const before = await signIn(ctx, 'alice', PASSWORD);
    await disableUser(ctx, alice.id);
    await enableUser(ctx, alice.id);
    expect(await findSignedIn(ctx, before.token)).toBeUndefined();
    expect((await signIn(ctx, 'alice', PASSWORD)).user.accountId).toBe(alice.id);
  });

  test('lasts thirty days', async () => {
    await using app = await createTestApp();
    await buildUser(app.ctx, 'alice');
    const { token } = await signIn(app.ctx, 'alice', PASSWORD);
    app.clock.advance(29 * 86_400_000);
    expect(await findSignedIn(app.ctx, token)).toBeDefined();
    app.clock.advance(2 * 86_400_000);
    expect(await findSignedIn(app.ctx, token)).toBeUndefined();
  });
});

onEachDialect('Sessions that are over', (dialect) => {
  test('are forgotten bite by bite, and no others', async () => {
    await using app = await createTestApp({ dialect });
    const { ctx } = app;
    const alice = await buildUser(ctx, 'alice');
    await inTransaction(ctx, async (tx) => {
      for (let n = 0; n < 700; n++) {
        const expiresAt = tx.now() + (n % 7 === 0 ? 1 : 0);
        await insertSession(tx.db, { tokenHash: `hash ${n}`, accountId: alice.id, createdAt: 0, expiresAt });
      }
    });
    const left = async () => (await ctx.db.get<{ n: number }>('SELECT count(*) AS n FROM session'))?.n;
    expect(await inTransaction(ctx, pruneSessions)).toBe(true);
    expect(await left()).toBe(200);
    expect(await inTransaction(ctx, pruneSessions)).toBe(false);
    expect(await left()).toBe(100);
  });
});

onEachDialect('The last owner', (dialect) => {
  test.each<[string, (ctx: Ctx, account: Account) => Promise<unknown>]>([
    ['another role', (ctx, account) => changeRole(ctx, account.id, 'user')],
    ['being disabled', (ctx, account) => disableUser(ctx, account.id)],
    ['being deleted', (ctx, account) => deleteAccount(ctx, account.id)],
  ])('stays, also where both of two are to go at once by %s', async (_, end) => {
    await using app = await createTestApp({ dialect });
    const { ctx } = app;
    const owners = await Promise.all(['alice', 'bob'].map((name) => buildUser(ctx, name, { role: 'owner' })));
    const ends = await Promise.allSettled(owners.map((owner) => end(ctx, owner)));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await listOwners(ctx.db)).toHaveLength(1);
  });
});
