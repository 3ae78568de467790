import type { Db } from '#db/database.ts';

/** Milliseconds: whoever asks for the health of a server waits little longer. */
const PATIENCE = 2_000;

/**
 * Tells whether the database answers soon. Reads a table rather than a constant, which SQLite would know without its file. One question at a
 * time, however many ask.
 */
export function createHealthCheck(db: Pick<Db, 'get'>, patience = PATIENCE): () => Promise<boolean> {
  let asking: Promise<boolean> | undefined;
  return async () => {
    asking ??= db
      .get('SELECT 1 AS found FROM process_slot LIMIT 1')
      .then(
        () => true,
        () => false,
      )
      .finally(() => (asking = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, patience, false)));
    return Promise.race([asking, late]).finally(() => clearTimeout(timer));
  };
}
