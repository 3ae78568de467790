import { type Ctx, inTransaction } from '#context.ts';
import { type ActorDocument, readActor } from '#activitypub/remote/actor-reader.ts';
import { fetchDocument } from '#activitypub/remote/document.ts';
import { confirmHandle } from '#activitypub/remote/webfinger.ts';
import { type Account, isLocal } from '#domain/accounts/account.ts';
import { findAccount, findAccountByUri, holdsHandle, markAccountFetched } from '#domain/accounts/account-store.ts';
import { receiveAccount } from '#domain/accounts/receive-account.ts';
import { isErased } from '#domain/deletion/erase-account.ts';
import type { RemoteFailure } from '#lib/ports.ts';

/** Milliseconds after which an account is read from its server again, when it is met. */
const ACCOUNT_MAX_AGE = 24 * 3_600_000;
/** Milliseconds after its deletion, and between two attempts, before a deleted account is asked for again. */
const REVIVAL_PAUSE = 3_600_000;

export function isStale(ctx: Ctx, account: Account): boolean {
  return !isLocal(account) && ctx.now() - (account.fetchedAt ?? 0) > ACCOUNT_MAX_AGE;
}

/** An actor as its own server shows it. Nothing is kept. */
export async function fetchActorDocument(
  ctx: Ctx,
  uri: string,
): Promise<{ ok: true; actor: ActorDocument } | RemoteFailure> {
  const document = await fetchDocument(ctx, uri);
  if (!document.ok) return document;
  const actor = readActor(document.json);
  return actor ? { ok: true, actor } : { ok: false, reason: 'invalid', detail: 'not an actor' };
}

/** Keeps an actor that was read from its own server. Undefined where it is refused, or is deleted and not known to be back. */
export async function keepActor(ctx: Ctx, actor: ActorDocument): Promise<Account | undefined> {
  const known = await findAccountByUri(ctx.db, actor.profile.uri);
  // The document may be from before its deletion.
  return known?.deletedAt === undefined ? keep(ctx, actor, known) : reviveAccount(ctx, known);
}

async function keep(ctx: Ctx, actor: ActorDocument, known: Account | undefined): Promise<Account | undefined> {
  let handle = await confirmHandle(ctx, actor);
  // What was confirmed once stays while nobody can say otherwise, and nobody else has got it.
  const isSameName = known?.username.toLowerCase() === handle.username.toLowerCase();
  if (known && handle.isUncertain && isSameName && (await holdsHandle(ctx.db, known))) {
    handle = { ...handle, host: known.host, isConfirmed: true };
  }
  const { username, host, isConfirmed } = handle;
  const profile = { ...actor.profile, username, host };
  const received = {
    profile,
    keys: actor.keys,
    isHandleConfirmed: isConfirmed,
    isBack: known?.deletedAt !== undefined,
  };
  return inTransaction(ctx, (tx) => receiveAccount(tx, received));
}

/** Whether it is time to ask the server of a deleted account for it. What was on its way when it was deleted is no sign of life. */
export function mayBeBack(ctx: Ctx, account: Account): boolean {
  const { deletedAt, fetchedAt = 0 } = account;
  return deletedAt !== undefined && !isLocal(account) && ctx.now() - Math.max(deletedAt, fetchedAt) > REVIVAL_PAUSE;
}

/**
 * A deleted account of another server, if that shows it again: Misskey tells of a suspension as of a deletion. What was here of it stays
 * gone. Undefined while it is not back, or what was here is not all gone.
 */
export async function reviveAccount(ctx: Ctx, account: Account): Promise<Account | undefined> {
  if (!mayBeBack(ctx, account) || !(await isErased(ctx.db, account.id))) return undefined;
  await inTransaction(ctx, (tx) => markAccountFetched(tx.db, account.id, ctx.now()));
  const found = await fetchActorDocument(ctx, account.uri);
  return found.ok && found.actor.profile.uri === account.uri ? keep(ctx, found.actor, account) : undefined;
}

/** Reads an actor from its server and keeps it, new or refreshed. */
export async function fetchActor(ctx: Ctx, uri: string): Promise<{ ok: true; account: Account } | RemoteFailure> {
  const found = await fetchActorDocument(ctx, uri);
  if (!found.ok) return found;
  const account = await keepActor(ctx, found.actor);
  return account ? { ok: true, account } : { ok: false, reason: 'invalid', detail: 'an actor that is refused here' };
}

/** The account with this URI: as it is here, or read from its server. Deleted accounts are gone, unless they are back. */
export async function findOrFetchActor(ctx: Ctx, uri: string): Promise<{ ok: true; account: Account } | RemoteFailure> {
  const known = await findAccountByUri(ctx.db, uri);
  if (!known) return fetchActor(ctx, uri);
  const account = known.deletedAt === undefined ? known : await reviveAccount(ctx, known);
  return account ? { ok: true, account } : { ok: false, reason: 'gone', detail: 'deleted' };
}

/** Reads a known account anew. One that does not answer is left alone until it is stale again. */
export async function refreshAccount(ctx: Ctx, accountId: number): Promise<void> {
  const account = await findAccount(ctx.db, accountId);
  if (!account || account.deletedAt !== undefined || !isStale(ctx, account)) return;
  await rereadAccount(ctx, account);
}

/** The same, however lately it was read. */
export async function rereadAccount(ctx: Ctx, account: Account): Promise<void> {
  const found = await fetchActor(ctx, account.uri);
  if (!found.ok) await inTransaction(ctx, (tx) => markAccountFetched(tx.db, account.id, ctx.now()));
}
