import { type Ctx, inTransaction } from '#context.ts';
import { Conflict, Invalid, NotAllowed } from '#domain/errors.ts';
import { insertAccessToken } from '#domain/sign-in/access-token-store.ts';
import { findClient, insertClient } from '#domain/sign-in/client-store.ts';
import { hashToken, newToken } from '#domain/sign-in/secret-token.ts';
import { getUser } from '#domain/sign-in/user-store.ts';

/** Scopes of the client API, coarse and fine. */
const scope = /^(?:(?:(?:read|write|admin:read|admin:write)(?::[a-z_:]+)?)|follow|push|profile)$/;

export interface NewToken {
  /** Separated by spaces. */
  scopes: string;
  app?: string | undefined;
  /** Chosen values, for automated tests; random ones otherwise. */
  token?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
}

/**
 * Lets a client program act for a user, as the operator decides. Returns the token: the only copy.
 * @throws NotFound, NotAllowed (disabled), Invalid, Conflict.
 */
export async function createToken(ctx: Ctx, accountId: number, input: NewToken): Promise<string> {
  const scopes = input.scopes.split(/\s+/).filter((word) => word !== '');
  const wrong = scopes.find((word) => !scope.test(word));
  if (wrong !== undefined || scopes.length === 0)
    throw new Invalid('scopes', `${wrong ?? 'Nothing'} is not a scope: write for instance "read write follow push"`);
  const token = input.token ?? newToken();
  // The characters of RFC 6750: others would not survive the Authorization header.
  if (!/^[\w.~+/-]+=*$/.test(token)) throw new Invalid('token', 'A token has letters, digits and -._~+/ only');
  if ((input.clientSecret === undefined) !== (input.clientId === undefined)) {
    throw new Invalid('client', 'A client id and its secret go together: write both or neither');
  }
  await inTransaction(ctx, async (tx) => {
    const user = await getUser(tx.db, accountId);
    // It would come to life when they are enabled again, though nobody meant it to outlive what disabled them.
    if (user.disabledAt !== undefined) throw new NotAllowed('Nobody acts for a disabled user: enable them first');
    const appId = await findOrCreateClient(tx, input, scopes.join(' '));
    const inserted = await insertAccessToken(tx.db, {
      tokenHash: hashToken(token),
      accountId,
      appId,
      scopes: scopes.join(' '),
      createdAt: tx.now(),
    });
    if (!inserted) throw new Conflict('This token exists already');
  });
  return token;
}

async function findOrCreateClient(tx: Ctx, input: NewToken, scopes: string): Promise<number> {
  const clientId = input.clientId ?? newToken();
  const clientSecretHash = hashToken(input.clientSecret ?? newToken());
  const existing = await findClient(tx.db, clientId);
  if (existing && existing.clientSecretHash !== clientSecretHash)
    throw new Conflict(`The client ${clientId} exists with another secret`);
  if (existing) return existing.id;
  const id = tx.ids.next();
  await insertClient(tx.db, {
    id,
    name: input.app ?? 'Command line',
    clientId,
    clientSecretHash,
    redirectUris: ['urn:ietf:wg:oauth:2.0:oob'],
    scopes,
    website: undefined,
    createdAt: tx.now(),
  });
  return id;
}
