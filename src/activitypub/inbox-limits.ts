import type { Ctx } from '#context.ts';
import { createTokenBuckets } from '#lib/token-bucket.ts';

/** How much may be brought to the inbox. A place is whoever connects (`placeOf`), a host the one whose key is named. */
export interface InboxLimits {
  /** One more request, known by its head only. */
  mayPost(place: string, keyHost: string): boolean;
  /** The body that came with it. */
  mayBring(place: string, keyHost: string, bytes: number): boolean;
  /** The same, by a host that nobody here has to do with, whose signature is good: ten times as dear. */
  mayIntrude(place: string, keyHost: string, bytes: number): boolean;
  /** A key or its owner may be asked for. */
  mayFetch(place: string, keyHost: string): boolean;
  /** Verifying what is signed within. */
  mayProve(place: string): boolean;
  /** Asking another server about what this host has passed on. */
  mayForward(keyHost: string): boolean;
}

/** Bytes that go for one request: nearly all activities are smaller. */
const PORTION = 8 * 1024;
const DEARER = 10;

/**
 * How much one place may bring in the name of one host: both, because the name is not verified yet, and by the name alone anybody could use
 * up another server's share. Keys that must be fetched are another matter: there the host named is the one to be spared, and so that one
 * place cannot take all of what may be asked of it, it gets a tenth. What is signed within costs a hundred times as much to verify as what
 * is signed by its bringer, so there is a limit for all together.
 */
export function createInboxLimits({ config, now }: Pick<Ctx, 'config' | 'now'>): InboxLimits {
  if (!config.rateLimits) return NONE;
  const posts = createTokenBuckets({ burst: 6_000, perSecond: 300, now });
  const postsOfHost = createTokenBuckets({ burst: 2_000, perSecond: 100, now });
  const fetches = createTokenBuckets({ burst: 300, perSecond: 5, now });
  const fetchesOfPlace = createTokenBuckets({ burst: 60, perSecond: 1, now });
  const fetchesFromHost = createTokenBuckets({ burst: 600, perSecond: 10, now });
  const proofs = createTokenBuckets({ burst: 100, perSecond: 5, now });
  const allProofs = createTokenBuckets({ burst: 200, perSecond: 10, now });
  const forwards = createTokenBuckets({ burst: 60, perSecond: 1, now });
  const charge = (place: string, keyHost: string, tokens: number) =>
    posts.take(place, tokens) && postsOfHost.take(`${place} ${keyHost}`, tokens);
  return {
    mayPost: (place, keyHost) => charge(place, keyHost, 1),
    mayBring: (place, keyHost, bytes) => charge(place, keyHost, portions(bytes) - 1),
    mayIntrude: (place, keyHost, bytes) => charge(place, keyHost, portions(bytes) * (DEARER - 1)),
    mayFetch: (place, keyHost) =>
      fetches.take(place) && fetchesOfPlace.take(`${place} ${keyHost}`) && fetchesFromHost.take(keyHost),
    mayProve: (place) => proofs.take(place) && allProofs.take('all'),
    mayForward: (keyHost) => forwards.take(keyHost),
  };
}

function portions(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / PORTION));
}

const NONE: InboxLimits = {
  mayPost: () => true,
  mayBring: () => true,
  mayIntrude: () => true,
  mayFetch: () => true,
  mayProve: () => true,
  mayForward: () => true,
};
