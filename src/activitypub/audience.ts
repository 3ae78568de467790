import {
  authorAnsweredBy,
  authorOf,
  everybody,
  followersOf,
  formerlyMentionedIn,
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
 * An edit. What is not for everybody goes to whom a new post would go to, and to nobody else: whoever answered, liked or was named once may
 * not see the new text. What is open goes also to everybody who may hold a copy, those that it named once too.
 */
export function audienceOfEdit(post: Addressed): Recipients {
  const audience = audienceOfPost(post);
  if (isRestricted(post.visibility)) return audience;
  return { ...audience, sources: [...audience.sources, involvedIn(post.id), formerlyMentionedIn(post.id)] };
}

/**
 * A deletion: everybody who may hold a copy, those that the post named once too. Blocks do not count: who got it before the block should
 * see it go.
 */
export function audienceOfDeletion(post: Addressed): Recipients {
  const { sources, inboxes } = audienceOfPost(post);
  const holders = [...sources, formerlyMentionedIn(post.id)];
  if (post.visibility === 'direct') return { sources: holders, inboxes };
  return { sources: [...holders, involvedIn(post.id)], inboxes };
}

/** A reblog and its undoing: followers, and the author of what is shown. */
export function audienceOfReblog(accountId: number, originalId: number): Recipients {
  return { sources: [followersOf(accountId), authorOf(originalId)], inboxes: 'shared' };
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
