import type { Db } from '#db/database.ts';

/** How much a server is used. */
export interface Usage {
  users: number;
  /** Users who posted in the last 30 days, and in the last 180. */
  activeMonth: number;
  activeHalfyear: number;
  posts: number;
}

const DAY = 24 * 3_600_000;

/** Posts are summed from the counters of accounts: counting rows takes seconds on a large server. */
export async function countUsage(db: Db, now: number): Promise<Usage> {
  const row = await db.get<Usage>(
    `SELECT count(*) AS users,
       CAST(COALESCE(sum(CASE WHEN account.last_post_at > ? THEN 1 ELSE 0 END), 0) AS BIGINT) AS active_month,
       CAST(COALESCE(sum(CASE WHEN account.last_post_at > ? THEN 1 ELSE 0 END), 0) AS BIGINT) AS active_halfyear,
       CAST(COALESCE(sum(account.posts_count), 0) AS BIGINT) AS posts
     FROM "user" JOIN account ON account.id = "user".account_id WHERE "user".disabled_at IS NULL`,
    [now - 30 * DAY, now - 180 * DAY],
  );
  return row!;
}
