import type { Knex } from 'knex';

/** What each applied migration was, so that one that was edited afterwards is noticed. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('migration', (t) => {
    // SHA-256 of the file in hexadecimal; the runner writes it, for earlier migrations too.
    t.text('digest');
  });
}
