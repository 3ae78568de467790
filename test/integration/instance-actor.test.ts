import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '#config.ts';
import { inTransaction } from '#context.ts';
import { openCore } from '#core.ts';
import { type Account, INSTANCE_ACTOR, isInstanceActor } from '#domain/accounts/account.ts';
import { findAccountByHandle, markAccountDeleted } from '#domain/accounts/account-store.ts';
import { ensureInstanceActor } from '#domain/accounts/instance-actor.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { NotAllowed } from '#domain/errors.ts';
import { publish } from '#domain/posts/publish.ts';
import { follow } from '#domain/relationships/follow.ts';
import { commands } from '#cli/commands.ts';
import { onEachDialect } from '../support/databases.ts';
import { createTestApp, type TestApp } from '../support/test-app.ts';
import { buildUser } from '../support/world.ts';

describe("The server's own account", () => {
  let app: TestApp;
  let instance: Account;
  let alice: Account;
  beforeAll(async () => {
    app = await createTestApp();
    alice = await buildUser(app.ctx, 'alice');
    instance = await ensureInstanceActor(app.ctx);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  test('is known by its name', () => {
    expect(isInstanceActor(instance)).toBe(true);
    expect(isInstanceActor({ ...instance, host: 'remote.example' })).toBe(false);
    expect(isInstanceActor(alice)).toBe(false);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['publishes nothing', () => publish(app.ctx, instance.id, { text: 'Hello' })],
    ['follows nobody', () => follow(app.ctx, instance.id, alice.id)],
    ['is followed by nobody', () => follow(app.ctx, alice.id, instance.id)],
    ['does not become something else', () => updateProfile(app.ctx, instance.id, { kind: 'service' })],
    ['is not renamed', () => updateProfile(app.ctx, instance.id, { displayName: 'Somebody' })],
    ['is not deleted', () => deleteAccount(app.ctx, instance.id)],
  ])('%s', async (_, use) => {
    await expect(use()).rejects.toThrow(NotAllowed);
    expect(await findAccountByHandle(app.ctx.db, INSTANCE_ACTOR, '')).toEqual(instance);
  });

  test('is not deleted where its kind was changed before', async () => {
    await inTransaction(app.ctx, (tx) => tx.db.run("UPDATE account SET kind = 'service' WHERE id = ?", [instance.id]));
    await expect(deleteAccount(app.ctx, instance.id)).rejects.toThrow(NotAllowed);
    await inTransaction(app.ctx, (tx) =>
      tx.db.run("UPDATE account SET kind = 'application' WHERE id = ?", [instance.id]),
    );
  });

  const acting: [name: string, args: string[], options?: object][] = [
    ['profile', ['instance'], { kind: 'service' }],
    ['user delete', ['instance'], { yes: true }],
    ['user disable', ['instance']],
    ['token create', ['instance'], { scopes: 'read' }],
    ['post', ['instance', 'Hello']],
    ['follow', ['instance', 'alice']],
    ['block', ['Instance', 'alice']],
    ['favourite', ['@instance@parvis.example', '1']],
    ['timeline', ['instance']],
  ];
  test.each(acting)('is nobody to "parvis %s"', async (name, args, options = {}) => {
    const command = await commands[name]!.load();
    const core = { ctx: app.ctx } as Parameters<typeof command>[0];
    await expect(command(core, args, { ...options })).rejects.toThrow(
      new NotAllowed('instance is the server itself: nobody acts for it'),
    );
  });

  test('is shown all the same', async () => {
    const command = await commands['profile']!.load();
    const core = { ctx: app.ctx } as Parameters<typeof command>[0];
    expect((await command(core, ['instance'], {})).json).toMatchObject({ kind: 'application' });
  });
});

onEachDialect('A server whose own account is deleted', (dialect) => {
  test('does not start', async () => {
    await using app = await createTestApp({ dialect });
    const instance = await ensureInstanceActor(app.ctx);
    await inTransaction(app.ctx, (tx) => markAccountDeleted(tx.db, instance.id, tx.now()));
    const refused = await openCore(app.ctx.config, 'command').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as Error).message).toMatch(/^The server's own account is deleted in this database/);
  });
});
