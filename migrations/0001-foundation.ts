import type { Knex } from 'knex';

/** Machinery: process slots, jobs, settings, Fedify's key-value store. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('process_slot', (t) => {
    t.integer('slot').primary();
    t.text('owner').notNullable();
    // worker, web or command.
    t.text('kind').notNullable();
    t.bigInteger('expires_at').notNullable();
  });

  // `due` is also the lease: claiming a job moves it into the future, so that an abandoned one falls due again by itself.
  await knex.schema.createTable('job', (t) => {
    t.bigInteger('id').primary();
    t.text('lane').notNullable();
    t.text('handler').notNullable();
    t.text('payload').notNullable();
    t.text('unique_key');
    t.bigInteger('due').notNullable();
    t.integer('attempt').notNullable().defaultTo(0);
    t.text('leased_by');
    t.text('last_error');
    t.bigInteger('created_at').notNullable();
    t.index(['lane', 'due', 'id'], 'job_due');
  });
  await knex.raw('CREATE UNIQUE INDEX job_unique_key ON job (handler, unique_key) WHERE unique_key IS NOT NULL');

  await knex.schema.createTable('dead_job', (t) => {
    t.bigInteger('id').primary();
    t.text('lane').notNullable();
    t.text('handler').notNullable();
    t.text('payload').notNullable();
    t.integer('attempt').notNullable();
    t.text('last_error');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('died_at').notNullable();
    t.index(['died_at'], 'dead_job_died_at');
  });

  await knex.schema.createTable('setting', (t) => {
    t.text('name').primary();
    t.text('value').notNullable();
  });

  // The key is a hash: Fedify's keys hold URLs that strangers choose, and PostgreSQL limits what an index row may hold.
  await knex.schema.createTable('fedify_kv', (t) => {
    t.text('key_hash').primary();
    t.text('key').notNullable();
    t.text('value').notNullable();
    t.bigInteger('expires_at');
    t.index(['expires_at'], 'fedify_kv_expires_at');
  });
}
