import type { Knex } from 'knex';

/** What comes from other servers and what is to be brought to them. */
export async function up(knex: Knex): Promise<void> {
  const withoutRowId = knex.client.config.client === 'pg' ? '' : 'WITHOUT ROWID';
  // Activities accepted, so that none has its effect twice: kept longer than a signature can be replayed. `activity` stands for the id and
  // `request` for what was said under it, as some servers give one id to several; '' is all that was or will be.
  await knex.raw(
    `CREATE TABLE received (account_id BIGINT NOT NULL, activity TEXT NOT NULL, request TEXT NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (account_id, activity, request)) ${withoutRowId}`,
  );
  await knex.schema.alterTable('received', (t) => t.index(['received_at'], 'received_at_index'));

  // One body for all its deliveries; the signer's key stays in account_key.
  await knex.schema.createTable('delivery_body', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('account_id').notNullable();
    t.text('body').notNullable();
    t.text('digest').notNullable();
    t.text('type').notNullable();
    // What it is about, such as a post: what is said of it later replaces or takes back what is still to be delivered.
    t.text('about');
    // From when on it ages: what is worded anew is as old as it was.
    t.bigInteger('created_at').notNullable();
    t.index(['about'], 'delivery_body_about');
    t.index(['account_id'], 'delivery_body_account');
  });
  await knex.schema.createTable('delivery', (t) => {
    // Numbered by the database: thousands of rows are written by one INSERT … SELECT.
    t.bigIncrements('id');
    t.bigInteger('body_id').notNullable();
    t.text('host').notNullable();
    t.text('inbox').notNullable();
    // Somebody whose inbox it is, who knows where it is now if it is there no more.
    t.bigInteger('account_id').notNullable();
    // Also the lease: a claimed delivery falls due again by itself.
    t.bigInteger('due').notNullable();
    t.integer('attempt').notNullable().defaultTo(0);
    t.text('leased_by');
    t.text('last_error');
    t.index(['due', 'id'], 'delivery_due');
    t.index(['host', 'due'], 'delivery_host');
    t.index(['body_id'], 'delivery_body_index');
  });

  await knex.schema.createTable('remote_host', (t) => {
    t.text('host').primary();
    t.integer('failures').notNullable().defaultTo(0);
    t.bigInteger('failing_since');
    t.bigInteger('retry_at');
    // The one inbox that failed, while no other did: only that one is left alone.
    t.text('failing_inbox');
    t.integer('speaks_rfc9421').notNullable().defaultTo(0);
  });

  await knex.schema.createTable('domain_block', (t) => {
    t.text('host').primary();
    t.text('reason').notNullable().defaultTo('');
    t.bigInteger('created_at').notNullable();
  });
}
