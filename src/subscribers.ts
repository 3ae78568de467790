import {
  federate,
  federateAccept,
  federateAccountDeletion,
  federateBlock,
  federateDelete,
  federateEdit,
  federateFavourite,
  federateFollow,
  federatePin,
  federatePost,
  federateProfile,
  federateReject,
  federateUnblock,
  federateUnfavourite,
  federateUnfollow,
  federateUnpin,
} from '#activitypub/federate.ts';
import { findMovedInbox } from '#activitypub/moved-inbox.ts';
import { pruneFedify, pruneInbox, pruneOutbox } from '#activitypub/prune.ts';
import {
  readActivity,
  readActivityRemotely,
  readForwardedActivity,
  refreshStaleAccount,
  refreshStalePost,
} from '#activitypub/reader.ts';
import { eraseAccount } from '#domain/deletion/erase-account.ts';
import { adoptFurther } from '#domain/posts/adopt-replies.ts';
import { deleteReblogs } from '#domain/posts/delete-post.ts';
import { fanOutFurther } from '#domain/posts/store-post.ts';
import { pruneSessions } from '#domain/sign-in/prune-sessions.ts';
import { pruneHomesFurther } from '#domain/home/prune-homes.ts';
import { on, type Subscription } from '#jobs/handlers.ts';
import { pruneDeadJobs } from '#jobs/prune-dead-jobs.ts';
import type { Scheduled } from '#jobs/schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What happens when… Each line is an event, the name its jobs are stored under, and what is done. */
export const subscriptions: readonly Subscription[] = [
  on('activity.received', 'read-activity', readActivity),
  on('activity.deferred', 'read-activity-remotely', readActivityRemotely),
  on('activity.forwarded', 'read-forwarded-activity', readForwardedActivity),
  on('account.stale', 'refresh-account', refreshStaleAccount),
  on('post.stale', 'refresh-post', refreshStalePost),
  on('inbox.missing', 'find-moved-inbox', findMovedInbox),
  on('post.published', 'federate-post', federate(federatePost)),
  on('post.partly-fanned-out', 'fan-out', {
    apply: (tx, event) => fanOutFurther(tx, event.postId, event.afterFollowerId),
  }),
  on('post.replies-partly-adopted', 'adopt-replies', {
    apply: (tx, { postId, afterId }) => adoptFurther(tx, postId, afterId),
  }),
  on('post.edited', 'federate-edit', federate(federateEdit)),
  on('post.deleted', 'federate-delete', federate(federateDelete)),
  on('post.reblogs-partly-deleted', 'delete-reblogs', { apply: (tx, { postId }) => deleteReblogs(tx, postId) }),
  on('post.favourited', 'federate-favourite', federate(federateFavourite)),
  on('post.unfavourited', 'federate-unfavourite', federate(federateUnfavourite)),
  on('post.pinned', 'federate-pin', federate(federatePin)),
  on('post.unpinned', 'federate-unpin', federate(federateUnpin)),
  on('follow.requested', 'federate-follow', federate(federateFollow)),
  on('follow.withdrawn', 'federate-unfollow', federate(federateUnfollow)),
  on('follow.accepted', 'federate-accept', federate(federateAccept)),
  on('follow.rejected', 'federate-reject', federate(federateReject)),
  on('account.blocked', 'federate-block', federate(federateBlock)),
  on('account.unblocked', 'federate-unblock', federate(federateUnblock)),
  on('account.changed', 'federate-profile', federate(federateProfile)),
  on('account.deleted', 'federate-account-deletion', federate(federateAccountDeletion)),
  on('account.deleted', 'erase-account', { apply: (tx, { accountId }) => eraseAccount(tx, accountId) }),
  on('account.partly-erased', 'erase-account-further', { apply: (tx, { accountId }) => eraseAccount(tx, accountId) }),
];

/** What happens from time to time. */
export const schedule: readonly Scheduled[] = [
  { name: 'prune-homes', every: HOUR, run: pruneHomesFurther },
  { name: 'prune-inbox', every: HOUR, run: pruneInbox },
  { name: 'prune-deliveries', every: HOUR, run: pruneOutbox },
  { name: 'prune-fedify', every: HOUR, run: pruneFedify },
  { name: 'prune-sessions', every: HOUR, run: pruneSessions },
  { name: 'prune-dead-jobs', every: HOUR, run: pruneDeadJobs },
];
