import type { Db } from '#db/database.ts';

/** Of posts that are still there. */
export async function countFavourites(db: Db, accountId: number): Promise<number> {
  const row = await db.get<{ n: number }>(
    `SELECT count(*) AS n FROM favourite JOIN post ON post.id = favourite.post_id
     WHERE favourite.account_id = ? AND post.deleted_at IS NULL`,
    [accountId],
  );
  return row?.n ?? 0;
}

export interface Usage {
  users: number;
  activeMonth: number;
  activeHalfyear: number;
  posts: number;
}

/** How much a server is used. Posts are summed from the counters of accounts: counting rows takes seconds on a large server. */
export async function countUsage(db: Db, now: number): Promise<Usage> {
  const DAY = 24 * 3_600_000;
  const row = await db.get<Record<keyof Usage, number | string | null>>(
    `SELECT count(*) AS users, sum(CASE WHEN account.last_post_at > ? THEN 1 ELSE 0 END) AS active_month,
       sum(CASE WHEN account.last_post_at > ? THEN 1 ELSE 0 END) AS active_halfyear, sum(account.posts_count) AS posts
     FROM "user" JOIN account ON account.id = "user".account_id WHERE "user".disabled_at IS NULL`,
    [now - 30 * DAY, now - 180 * DAY],
  );
  return {
    users: Number(row?.users ?? 0),
    activeMonth: Number(row?.activeMonth ?? 0),
    activeHalfyear: Number(row?.activeHalfyear ?? 0),
    posts: Number(row?.posts ?? 0),
  };
}
