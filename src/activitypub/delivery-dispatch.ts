import { type Delivery, listBodies } from '#activitypub/delivery-store.ts';
import { judge, type Verdict } from '#activitypub/delivery-verdict.ts';
import type { HostHealth } from '#activitypub/host-health-store.ts';
import { signCavage, signRfc9421 } from '#activitypub/signature/sign.ts';
import type { Ctx } from '#context.ts';
import { getSigningKey, type SigningKey } from '#domain/accounts/keys.ts';
import { coalesce } from '#lib/coalesce.ts';
import { timeOfId } from '#lib/id.ts';
import { createLru } from '#lib/lru.ts';
import { siteOf } from '#lib/site.ts';
import { createTokenBuckets } from '#lib/token-bucket.ts';

const CONTENT_TYPE = 'application/activity+json';
/**
 * What may be sent to inboxes that an actor of another origin names, per site: enough for the few whose inbox is kept elsewhere, and too
 * little to be a nuisance to anybody whom a stranger names. What is too much waits.
 */
const ELSEWHERE = { burst: 20, perSecond: 0.2 };
const POSTPONED = 60_000;

interface Body {
  accountId: number;
  bytes: Buffer;
  digest: string;
}

export interface Dispatch {
  /** Has the bodies at hand for what follows. */
  load(bodyIds: readonly number[]): Promise<void>;
  /** Signs and posts. `spokeRfc9421` is set where the host showed that it takes another way of signing than was thought. */
  send(delivery: Delivery, health: HostHealth): Promise<{ verdict: Verdict; spokeRfc9421: boolean | undefined }>;
}

/** One signed request to one inbox. Bodies and keys stay in memory while they are used much. */
export function createDispatch(ctx: Ctx): Dispatch {
  const bodies = createLru<number, Body>({
    maxEntries: 2_000,
    maxBytes: 32 * 1024 * 1024,
    sizeOf: (body) => body.bytes.length,
  });
  const keys = createLru<number, SigningKey>({ maxEntries: 1_000 });
  const elsewhere = createTokenBuckets({ ...ELSEWHERE, now: ctx.now });
  const readKey = coalesce((accountId) => getSigningKey(ctx, Number(accountId), 'rsa'));

  async function load(bodyIds: readonly number[]): Promise<void> {
    const missing = [...new Set(bodyIds)].filter((id) => bodies.get(id) === undefined);
    if (missing.length === 0) return;
    for (const { id, accountId, body, digest } of await listBodies(ctx.db, missing)) {
      bodies.set(id, { accountId, bytes: Buffer.from(body), digest });
    }
  }

  async function bodyOf(id: number): Promise<Body | undefined> {
    if (bodies.get(id) === undefined) await load([id]);
    return bodies.get(id);
  }

  async function keyOf(accountId: number): Promise<SigningKey> {
    let key = keys.get(accountId);
    if (!key) keys.set(accountId, (key = await readKey(String(accountId))));
    return key;
  }

  return {
    load,
    async send(delivery, health) {
      const age = ctx.now() - timeOfId(delivery.bodyId);
      const url = new URL(delivery.inbox);
      // Asked again at the last moment: the domain may have been blocked since, or one above it, or the inbox is of another one.
      if ([delivery.host, url.host].some((host) => ctx.blockedHosts.covers(host))) return dropped('blocked');
      if (url.origin === ctx.config.origin) return dropped('our own address');
      if (url.host !== delivery.host && !elsewhere.take(siteOf(url.host)))
        return { verdict: { kind: 'postponed', after: POSTPONED }, spokeRfc9421: undefined };
      const body = await bodyOf(delivery.bodyId);
      if (!body) return dropped('the activity was given up');
      const { uri: keyId, privateKey } = await keyOf(body.accountId);
      const post = async (sign: typeof signCavage) => {
        const signing = { digest: body.digest, contentType: CONTENT_TYPE };
        const headers = await sign({ method: 'POST', url, keyId, privateKey, now: ctx.now(), body: signing });
        return ctx.remote.post(delivery.inbox, headers, body.bytes);
      };

      const first = health.speaksRfc9421 ? signRfc9421 : signCavage;
      const answer = await post(first);
      const verdict = judge(answer, delivery.attempt, age);
      // Not understood: the other way, at once, unless the host has never shown that it knows the newer one.
      const knowsOther = first === signRfc9421 || (!answer.ok && answer.headers?.['accept-signature'] !== undefined);
      if (answer.ok || answer.status !== 401 || !knowsOther) return { verdict, spokeRfc9421: undefined };
      const second = await post(first === signRfc9421 ? signCavage : signRfc9421);
      if (!second.ok) return { verdict: judge(second, delivery.attempt, age), spokeRfc9421: undefined };
      return { verdict: { kind: 'delivered' }, spokeRfc9421: first === signCavage };
    },
  };
}

function dropped(detail: string): Awaited<ReturnType<Dispatch['send']>> {
  return { verdict: { kind: 'dropped', detail, isAnswer: false }, spokeRfc9421: undefined };
}
