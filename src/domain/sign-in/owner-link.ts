import { timingSafeEqual } from 'node:crypto';
import { type Ctx, inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { NotAllowed } from '#domain/errors.ts';
import { deleteSetting, readSetting, writeSetting } from '#domain/instance/setting-store.ts';
import { createUser, type NewUser } from '#domain/sign-in/create-user.ts';
import { hashToken, newToken } from '#domain/sign-in/secret-token.ts';
import { hasOwner } from '#domain/sign-in/user-store.ts';

/** How long the link can be used (milliseconds): it lies in logs and terminals meanwhile. */
const LINK_LIFETIME = 3_600_000;
const SETTING = 'owner-link';

interface OwnerLink {
  tokenHash: string;
  expiresAt: number;
}

/**
 * The page where whoever started this server becomes its owner; undefined once there is one. Each start makes a new link and ends the
 * former: only its hash is kept.
 */
export async function ensureOwnerLink(ctx: Ctx): Promise<string | undefined> {
  const token = newToken();
  const isNeeded = await inTransaction(ctx, async (tx) => {
    if (await hasOwner(tx.db)) return false;
    const link: OwnerLink = { tokenHash: hashToken(token), expiresAt: tx.now() + LINK_LIFETIME };
    await writeSetting(tx.db, SETTING, link);
    return true;
  });
  return isNeeded ? `${ctx.config.origin}/setup/${token}` : undefined;
}

/** Whether the link with this token can still make an owner. */
export async function isOwnerLinkOpen(ctx: Ctx, token: string): Promise<boolean> {
  const link = await readSetting<OwnerLink>(ctx.db, SETTING);
  if (!link || link.expiresAt <= ctx.now() || (await hasOwner(ctx.db))) return false;
  return timingSafeEqual(Buffer.from(link.tokenHash), Buffer.from(hashToken(token)));
}

/**
 * Creates the owner, and ends the link in the same transaction: of two who use it at once, one becomes the owner.
 * @throws NotAllowed when the link is used, expired or unknown; Invalid and Conflict as `createUser`.
 */
export async function claimOwnership(ctx: Ctx, token: string, owner: Omit<NewUser, 'role'>): Promise<Account> {
  if (!(await isOwnerLinkOpen(ctx, token))) throw linkIsOver();
  return createUser(ctx, { ...owner, role: 'owner' }, async (tx) => {
    const isOpen = await isOwnerLinkOpen(tx, token);
    if (!isOpen || !(await deleteSetting(tx.db, SETTING))) throw linkIsOver();
  });
}

function linkIsOver(): NotAllowed {
  return new NotAllowed('This link was used or has expired: restart the server for a new one');
}
