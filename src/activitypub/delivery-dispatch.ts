import { type Delivery, listBodies } from '#activitypub/delivery-store.ts';
import { judge, saysInboxIsMissing, type Verdict } from '#activitypub/delivery-verdict.ts';
import type { HostHealth } from '#activitypub/host-health-store.ts';
import { signCavage, signRfc9421 } from '#activitypub/signature/sign.ts';
import type { Ctx } from '#context.ts';
import { getSigningKey, type SigningKey } from '#domain/accounts/keys.ts';
import { coalesce } from '#lib/coalesce.ts';
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
/** Answers that end a farewell. */
const NOTHING_LEFT = new Set([401, 403, 404, 410]);

interface Body {
  accountId: number;
  about: string | undefined;
  bytes: Buffer;
  digest: string;
  /** The deletion of the account that signs. */
  isFarewell: boolean;
  /** Epoch ms. */
  createdAt: number;
}

export interface Sent {
  verdict: Verdict;
  /** Set where the host showed that it takes another way of signing than was thought. */
  spokeRfc9421?: boolean;
  /** The host says that the inbox is not there. */
  isInboxMissing?: boolean;
}

export interface Dispatch {
  /** Has the bodies at hand for what follows. Returns what each is about, by its id. */
  load(bodyIds: readonly number[]): Promise<ReadonlyMap<number, string | undefined>>;
  /** Signs and posts. */
  send(delivery: Delivery, health: HostHealth): Promise<Sent>;
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

  async function load(bodyIds: readonly number[]): Promise<ReadonlyMap<number, string | undefined>> {
    const topics = new Map<number, string | undefined>();
    const missing: number[] = [];
    for (const id of new Set(bodyIds)) {
      const known = bodies.get(id);
      if (known) topics.set(id, known.about);
      else missing.push(id);
    }
    if (missing.length === 0) return topics;
    for (const { id, accountId, body, digest, type, about, createdAt } of await listBodies(ctx.db, missing)) {
      const isFarewell = type === 'Delete' && !about;
      bodies.set(id, { accountId, bytes: Buffer.from(body), digest, isFarewell, about: about ?? undefined, createdAt });
      topics.set(id, about ?? undefined);
    }
    return topics;
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
      const url = new URL(delivery.inbox);
      // Asked again at the last moment: the domain may have been blocked since, or one above it, or the inbox is of another one.
      if ([delivery.host, url.host].some((host) => ctx.blockedHosts.covers(host))) return dropped('blocked');
      if (url.origin === ctx.config.origin) return dropped('our own address');
      if (url.host !== delivery.host && !elsewhere.take(siteOf(url.host)))
        return { verdict: { kind: 'postponed', after: POSTPONED } };
      const body = await bodyOf(delivery.bodyId);
      if (!body) return dropped('the activity was given up');
      const age = ctx.now() - body.createdAt;
      const { uri: keyId, privateKey } = await keyOf(body.accountId);
      const post = async (sign: typeof signCavage) => {
        const signing = { digest: body.digest, contentType: CONTENT_TYPE };
        const headers = await sign({ method: 'POST', url, keyId, privateKey, now: ctx.now(), body: signing });
        return ctx.remote.post(delivery.inbox, headers, body.bytes);
      };

      const first = health.speaksRfc9421 ? signRfc9421 : signCavage;
      const answer = await post(first);
      const sent = (by: typeof answer): Sent =>
        // Who does not know the account, or that inbox, any more has nothing left to be deleted.
        body.isFarewell && !by.ok && NOTHING_LEFT.has(by.status ?? 0)
          ? { verdict: { kind: 'delivered' } }
          : { verdict: judge(by, delivery.attempt, age), isInboxMissing: saysInboxIsMissing(by) };
      // Not understood: the other way, at once, unless the host has never shown that it knows the newer one.
      const knowsOther = first === signRfc9421 || (!answer.ok && answer.headers?.['accept-signature'] !== undefined);
      if (answer.ok || answer.status !== 401 || !knowsOther) return sent(answer);
      const second = await post(first === signRfc9421 ? signCavage : signRfc9421);
      if (!second.ok) return sent(second);
      return { verdict: { kind: 'delivered' }, spokeRfc9421: first === signCavage };
    },
  };
}

function dropped(detail: string): Sent {
  return { verdict: { kind: 'dropped', detail, isAnswer: false } };
}
