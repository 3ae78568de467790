import { type Db, list } from '#db/database.ts';

/*
 * What is still to be delivered, and is replaced or taken back by what is said later. Also where it is under way: that request runs its
 * course, but is not repeated, as a repetition would come after what took it back.
 */

/** Takes back everything about some things: a deletion must not be overtaken by the Create. */
export async function withdrawAbout(db: Db, about: readonly string[]): Promise<void> {
  const things = list(about);
  await db.run(
    `DELETE FROM delivery WHERE body_id IN (SELECT id FROM delivery_body WHERE about ${things.sql})`,
    things.values,
  );
}

/** The same of everything that an account had to say. */
export async function withdrawAllOf(db: Db, accountId: number): Promise<void> {
  await db.run('DELETE FROM delivery WHERE body_id IN (SELECT id FROM delivery_body WHERE account_id = ?)', [
    accountId,
  ]);
}

/** Takes back the former Updates for the inboxes that get `bodyId`, whose body is not written yet, as well. */
export async function withdrawFormerUpdates(db: Db, about: string, bodyId: number): Promise<void> {
  await db.run(
    `DELETE FROM delivery WHERE body_id IN (SELECT id FROM delivery_body WHERE about = ? AND type = 'Update')
       AND inbox IN (SELECT inbox FROM delivery WHERE body_id = ?)`,
    [about, bodyId],
  );
}

/** The body of the Create about something, as it was worded last. Undefined once it is everywhere. */
export async function findCreateAbout(db: Db, about: string): Promise<{ id: number; createdAt: number } | undefined> {
  return db.get(
    "SELECT id, created_at FROM delivery_body WHERE about = ? AND type = 'Create' ORDER BY id DESC LIMIT 1",
    [about],
  );
}

/**
 * What waits with one body gets another, for the inboxes that get `withBodyId`; for all others it is taken back. Returns for how many it
 * waits.
 */
export async function replaceBody(
  db: Db,
  { bodyId, by, withBodyId }: { bodyId: number; by: number; withBodyId: number },
): Promise<number> {
  await db.run(
    'DELETE FROM delivery WHERE body_id = ? AND inbox NOT IN (SELECT inbox FROM delivery WHERE body_id = ?)',
    [bodyId, withBodyId],
  );
  return db.run('UPDATE delivery SET body_id = ? WHERE body_id = ?', [by, bodyId]);
}
