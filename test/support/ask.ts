import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request } from 'undici';
import { signCavage } from '#activitypub/signature/sign.ts';
import { inTransaction } from '#context.ts';
import type { Account } from '#domain/accounts/account.ts';
import { insertKey } from '#domain/accounts/key-store.ts';
import { buildKnownAccount } from './remote-followers.ts';
import type { TestApp } from './test-app.ts';

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  /** Of the text; fails where it is none. */
  json: Record<string, unknown>;
}

export const ACTIVITY = 'application/activity+json';

export type Ask = (path: string, headers?: Record<string, string>, method?: 'GET' | 'HEAD') => Promise<Answer>;

/** Starts to listen and asks over the network, under the host the server is known by. */
export async function openDoor(app: TestApp): Promise<Ask> {
  const port = await app.listen();
  return async (path, headers = { accept: ACTIVITY }, method = 'GET') => {
    const sent = { host: app.ctx.config.host, ...headers };
    const {
      statusCode,
      headers: received,
      body,
    } = await request(`http://127.0.0.1:${port}${path}`, { method, headers: sent });
    const text = await body.text();
    return {
      status: statusCode,
      headers: received,
      text,
      get json() {
        return JSON.parse(text) as Record<string, unknown>;
      },
    };
  };
}

/** A remote account whose key is known here, and the headers with which it asks. */
export async function buildAsker(app: TestApp, handle: string) {
  const account: Account = await buildKnownAccount(app.ctx, handle);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyId = `${account.uri}#main-key`;
  await inTransaction(app.ctx, (tx) =>
    insertKey(tx.db, {
      uri: keyId,
      accountId: account.id,
      algorithm: 'rsa',
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      privateKey: null,
      fetchedAt: app.ctx.now(),
    }),
  );
  return { account, headersFor: signerOf(app, keyId, privateKey) };
}

export function signerOf(app: TestApp, keyId: string, privateKey: KeyObject) {
  return (path: string): Promise<Record<string, string>> => {
    const url = new URL(path, app.ctx.config.origin);
    return signCavage({ method: 'GET', url, keyId, privateKey, now: app.ctx.now(), accept: ACTIVITY });
  };
}
