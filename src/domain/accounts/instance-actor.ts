import { ConfigError } from '#config.ts';
import { type Ctx, inTransaction } from '#context.ts';
import { type Account, INSTANCE_ACTOR } from '#domain/accounts/account.ts';
import {
  deleteAccountRow,
  findAccountByHandle,
  getAccount,
  hasOtherAccount,
  insertAccount,
} from '#domain/accounts/account-store.ts';
import { insertKey } from '#domain/accounts/key-store.ts';
import { generateKeys } from '#domain/accounts/keys.ts';
import { localProfile } from '#domain/accounts/local-profile.ts';

/** Whether there is nobody but the server's own account, so that nothing was made from its addresses that anybody could know. */
export async function isEmptyPlace(ctx: Ctx, instance: Pick<Account, 'id'>): Promise<boolean> {
  return !(await hasOtherAccount(ctx.db, instance.id));
}

/** Makes the server's own account anew, for an empty place that is given another origin. */
export async function replaceInstanceActor(ctx: Ctx, instance: Pick<Account, 'id'>): Promise<Account> {
  await inTransaction(ctx, async (tx) => {
    if (!(await isEmptyPlace(tx, instance)))
      throw new ConfigError('Somebody came while the origin was changed: try again');
    await deleteAccountRow(tx.db, instance.id);
  });
  return ensureInstanceActor(ctx);
}

/** The server's own account, made at the first start. @throws ConfigError where the database has it as deleted. */
export async function ensureInstanceActor(ctx: Ctx): Promise<Account> {
  const found = await findAccountByHandle(ctx.db, INSTANCE_ACTOR, '');
  if (found?.deletedAt !== undefined) {
    throw new ConfigError(
      "The server's own account is deleted in this database, and others believe that for ever: restore a backup from before, or begin anew under another name",
    );
  }
  if (found) return found;
  const id = ctx.ids.next();
  const keys = await generateKeys(ctx, id);
  return inTransaction(ctx, async (tx) => {
    const other = await findAccountByHandle(tx.db, INSTANCE_ACTOR, '');
    if (other) return other;
    const profile = {
      ...localProfile(ctx, id, INSTANCE_ACTOR),
      kind: 'application' as const,
      displayName: ctx.config.host,
    };
    await insertAccount(tx.db, { ...profile, discoverable: false, hidesNetwork: true, id, createdAt: ctx.now() });
    for (const key of keys) await insertKey(tx.db, key);
    return getAccount(tx.db, id);
  });
}
