import type { Knex } from 'knex';

/** Accounts (local and remote), their keys, the people who sign in, and how accounts relate. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('account', (t) => {
    t.bigInteger('id').primary();
    t.text('kind').notNullable();
    t.text('username').notNullable();
    t.text('username_key').notNullable();
    // '' for local accounts, so that one unique index serves both.
    t.text('host').notNullable().defaultTo('');
    t.text('uri').notNullable().unique();
    t.text('url').notNullable();
    t.text('display_name').notNullable().defaultTo('');
    t.text('summary_html').notNullable().defaultTo('');
    t.text('summary_source').notNullable().defaultTo('');
    t.text('avatar_url');
    t.text('header_url');
    t.text('fields').notNullable().defaultTo('[]');
    t.text('emojis').notNullable().defaultTo('[]');
    t.text('also_known_as').notNullable().defaultTo('[]');
    t.integer('locked').notNullable().defaultTo(0);
    t.integer('discoverable').notNullable().defaultTo(1);
    t.integer('indexable').notNullable().defaultTo(0);
    t.integer('hides_network').notNullable().defaultTo(0);
    t.text('inbox');
    // Host and port of the actor's URI, which answers for how its inbox behaves; a handle's host may be another one, and the inbox's too.
    t.text('delivery_host');
    t.text('shared_inbox');
    t.text('outbox');
    t.text('followers_uri');
    t.text('following_uri');
    t.text('featured_uri');
    t.bigInteger('followers_count').notNullable().defaultTo(0);
    t.bigInteger('following_count').notNullable().defaultTo(0);
    t.bigInteger('posts_count').notNullable().defaultTo(0);
    t.bigInteger('last_post_at');
    t.bigInteger('created_at').notNullable();
    // Changes whenever anything shown of the account does: what caches compare.
    t.bigInteger('version').notNullable();
    t.bigInteger('fetched_at');
    t.bigInteger('deleted_at');
    t.unique(['username_key', 'host'], { indexName: 'account_handle' });
    t.index(['host'], 'account_host');
  });

  await knex.schema.createTable('account_key', (t) => {
    t.text('uri').primary();
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.text('algorithm').notNullable();
    t.text('public_key').notNullable();
    // PKCS#8 sealed under the instance's secret; null for remote accounts.
    t.binary('private_key');
    t.bigInteger('fetched_at').notNullable();
    t.index(['account_id'], 'account_key_account');
  });

  await knex.schema.createTable('user', (t) => {
    t.bigInteger('account_id').primary().references('account.id').onDelete('CASCADE');
    t.text('email').notNullable();
    t.text('email_key').notNullable().unique();
    t.text('password_hash').notNullable();
    t.text('role').notNullable();
    t.bigInteger('disabled_at');
    t.bigInteger('created_at').notNullable();
  });

  await knex.schema.createTable('app', (t) => {
    t.bigInteger('id').primary();
    t.text('name').notNullable();
    t.text('client_id').notNullable().unique();
    t.text('client_secret_hash').notNullable();
    t.text('redirect_uris').notNullable().defaultTo('[]');
    t.text('scopes').notNullable();
    t.text('website');
    t.bigInteger('created_at').notNullable();
  });

  await knex.schema.createTable('access_token', (t) => {
    t.text('token_hash').primary();
    t.bigInteger('account_id').notNullable().references('user.account_id').onDelete('CASCADE');
    t.bigInteger('app_id').notNullable().references('app.id').onDelete('CASCADE');
    t.text('scopes').notNullable();
    t.bigInteger('created_at').notNullable();
    t.index(['account_id'], 'access_token_account');
  });

  await knex.schema.createTable('session', (t) => {
    t.text('token_hash').primary();
    t.bigInteger('account_id').notNullable().references('user.account_id').onDelete('CASCADE');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.index(['account_id'], 'session_account');
    t.index(['expires_at'], 'session_expires_at');
  });

  await knex.schema.createTable('follow', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('follower_id').notNullable().references('account.id').onDelete('CASCADE');
    t.bigInteger('target_id').notNullable().references('account.id').onDelete('CASCADE');
    // The Follow activity's id.
    t.text('uri').notNullable().unique();
    t.integer('accepted').notNullable();
    t.integer('follower_is_local').notNullable();
    t.bigInteger('created_at').notNullable();
    t.unique(['follower_id', 'target_id'], { indexName: 'follow_pair' });
    t.index(['target_id', 'accepted', 'id'], 'follow_target');
  });
  // Home timelines are written to local followers: the order in which chunks of them are taken.
  await knex.raw(
    'CREATE INDEX follow_local_followers ON follow (target_id, follower_id) WHERE accepted = 1 AND follower_is_local = 1',
  );

  await knex.schema.createTable('block', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.bigInteger('target_id').notNullable().references('account.id').onDelete('CASCADE');
    t.text('uri').notNullable().unique();
    t.bigInteger('created_at').notNullable();
    t.unique(['account_id', 'target_id'], { indexName: 'block_pair' });
    t.index(['target_id'], 'block_target');
  });
}
