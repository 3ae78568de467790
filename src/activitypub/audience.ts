import {
  authorAnsweredBy,
  authorOf,
  everybody,
  followersOf,
  involvedIn,
  mentionedIn,
  type Recipients,
  theAccount,
} from '#activitypub/audience-store.ts';
import { isRestricted, type Post } from '#domain/posts/post.ts';

/*
 * Who must hear of what: the only home of these rules. Local accounts need no telling, and a domain that is blocked is told nothing.
 */

type Addressed = Pick<Post, 'id' | 'accountId' | 'visibility'>;

/** A new post: followers and whoever it names; the author answered to where everybody may see it. Direct messages: only those named. */
export function audienceOfPost(post: Addressed): Recipients {
  const withoutBlocksOf = post.accountId;
  const named = mentionedIn(post.id);
  switch (post.visibility) {
    case 'direct':
      return { sources: [named], inboxes: 'personal', withoutBlocksOf };
    case 'followers':
      return { sources: [followersOf(post.accountId), named], inboxes: 'shared', withoutBlocksOf };
    default:
      return {
        sources: [followersOf(post.accountId), named, authorAnsweredBy(post.id)],
        inboxes: 'shared',
        withoutBlocksOf,
      };
  }
}

/**
 * An edit or a deletion: everybody who may hold a copy, those that an edit names no more (`formerIds`) too unless the new text is not for
 * everybody. Blocks do not count: who got it before the block should see it go.
 */
export function audienceOfChange(post: Addressed, formerIds: readonly number[] = []): Recipients {
  const { sources, inboxes } = audienceOfPost(post);
  if (post.visibility === 'direct') return { sources, inboxes };
  const former = isRestricted(post.visibility) ? [] : formerIds.map(theAccount);
  return { sources: [...sources, involvedIn(post.id), ...former], inboxes };
}

/** A reblog and its undoing: followers, and the author of what is shown. */
export function audienceOfReblog(reblog: Pick<Post, 'accountId' | 'reblogOfId'>): Recipients {
  return { sources: [followersOf(reblog.accountId), authorOf(reblog.reblogOfId ?? 0)], inboxes: 'shared' };
}

/** What concerns one account only: follows, likes, blocks and the answers to them. */
export function audienceOfOne(accountId: number): Recipients {
  return { sources: [theAccount(accountId)], inboxes: 'personal' };
}

export function audienceOfProfile(accountId: number): Recipients {
  return { sources: [followersOf(accountId)], inboxes: 'shared' };
}

/** The end of an account: every server that may have seen it, as Mastodon does it. */
export const audienceOfFarewell: Recipients = { sources: [everybody], inboxes: 'shared' };
