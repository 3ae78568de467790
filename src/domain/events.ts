/**
 * What happened, told to whoever must do something about it later. Ids and primitives only: handlers read the rest from the database,
 * as it is then. An event is written in the transaction that caused it, so it exists exactly if its cause does.
 */
export type DomainEvent =
  | { type: 'account.changed'; accountId: number }
  | { type: 'account.deleted' | 'account.partly-erased'; accountId: number }
  | { type: 'post.published'; postId: number }
  | { type: 'post.edited' | 'post.deleted'; postId: number }
  /** A deleted post has more reblogs than go at once. */
  | { type: 'post.reblogs-partly-deleted'; postId: number }
  /** More answers came before a post than are tied to it at once. */
  | { type: 'post.replies-partly-adopted'; postId: number; afterId: number }
  | { type: 'post.partly-fanned-out'; postId: number; afterFollowerId: number }
  | { type: 'post.favourited'; favouriteId: number }
  | { type: 'post.unfavourited'; accountId: number; postId: number; uri: string }
  | { type: 'post.pinned' | 'post.unpinned'; accountId: number; postId: number }
  | { type: 'follow.requested'; followId: number }
  | { type: 'follow.accepted'; followId: number }
  | { type: 'follow.rejected'; accountId: number; followerId: number; uri: string }
  | { type: 'follow.withdrawn'; accountId: number; targetId: number; uri: string }
  | { type: 'account.blocked'; blockId: number }
  | { type: 'account.unblocked'; accountId: number; targetId: number; uri: string }
  /** `json` is the verified activity of `accountId`, as text; `deferred`: it names something that is not known here. */
  | { type: 'activity.received'; accountId: number; json: string }
  | { type: 'activity.deferred'; accountId: number; json: string }
  /** `accountId` passed it on for somebody else, whose server is still to be asked. */
  | { type: 'activity.forwarded'; accountId: number; json: string }
  /** A remote account was met that has not been read from its server for long. */
  | { type: 'account.stale'; accountId: number }
  /** An inbox of a remote account, its own or the one it shares, is not where it was. */
  | { type: 'inbox.missing'; accountId: number; inbox: string }
  /** A post by a remote account was met that has not been read for long. */
  | { type: 'post.stale'; accountId: number; postId: number };

export type EventType = DomainEvent['type'];
export type EventOf<T extends EventType> = Extract<DomainEvent, { type: T }>;

export interface EmitOptions {
  /** When it is due (epoch ms); now by default. */
  at?: number;
  /** Of the events waiting with the same key only the newest counts: emitting again moves it. */
  key?: string;
}
