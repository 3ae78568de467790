import type { Knex } from 'knex';

/** Posts and what gathers around them: mentions, hashtags, favourites, edits, pins, home timelines, notifications, conversations. */
export async function up(knex: Knex): Promise<void> {
  // A deleted post stays as a row without contents: it is the tombstone, and keeps its thread together.
  await knex.schema.createTable('post', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.text('kind').notNullable();
    t.text('uri').notNullable().unique();
    t.text('url').notNullable();
    t.text('visibility').notNullable();
    t.text('title').notNullable().defaultTo('');
    t.text('html').notNullable().defaultTo('');
    t.text('source');
    t.text('summary').notNullable().defaultTo('');
    t.integer('sensitive').notNullable().defaultTo(0);
    t.text('language');
    t.text('emojis').notNullable().defaultTo('[]');
    t.text('attachments').notNullable().defaultTo('[]');
    // The first post of the thread, as far as it is known here; null for reblogs.
    t.bigInteger('thread_id');
    t.text('in_reply_to_uri');
    t.bigInteger('in_reply_to_id').references('post.id').onDelete('SET NULL');
    t.bigInteger('in_reply_to_account_id');
    // Among the answers to one post: 0 by people here or followed from here, 1 by others, 2 by others who have many in its thread already.
    t.integer('answer_rank').notNullable().defaultTo(0);
    t.bigInteger('reblog_of_id').references('post.id').onDelete('CASCADE');
    t.bigInteger('replies_count').notNullable().defaultTo(0);
    t.bigInteger('reblogs_count').notNullable().defaultTo(0);
    t.bigInteger('favourites_count').notNullable().defaultTo(0);
    t.bigInteger('published_at').notNullable();
    t.bigInteger('edited_at');
    // When a post of another server was last read there, which is not how most of them come.
    t.bigInteger('fetched_at');
    t.bigInteger('deleted_at');
    t.bigInteger('version').notNullable();
  });
  await knex.raw('CREATE INDEX post_account ON post (account_id, id) WHERE deleted_at IS NULL');
  // The tabs of a profile that leave much out: answers to others, and posts without media.
  await knex.raw(
    'CREATE INDEX post_account_top ON post (account_id, id) WHERE deleted_at IS NULL AND (in_reply_to_uri IS NULL OR in_reply_to_account_id = account_id)',
  );
  await knex.raw(
    "CREATE INDEX post_account_media ON post (account_id, id) WHERE deleted_at IS NULL AND attachments <> '[]'",
  );
  // How many somebody has in a thread.
  await knex.raw('CREATE INDEX post_thread ON post (thread_id, account_id) WHERE thread_id IS NOT NULL');
  // The answers to a post, in the order in which they are shown.
  await knex.raw(
    'CREATE INDEX post_in_reply_to ON post (in_reply_to_id, answer_rank, id) WHERE in_reply_to_id IS NOT NULL',
  );
  await knex.raw(
    'CREATE INDEX post_in_reply_to_uri ON post (in_reply_to_uri, id) WHERE in_reply_to_uri IS NOT NULL AND in_reply_to_id IS NULL',
  );
  await knex.raw(
    'CREATE UNIQUE INDEX post_reblog ON post (reblog_of_id, account_id) WHERE reblog_of_id IS NOT NULL AND deleted_at IS NULL',
  );
  // Whose followers were shown a post that is now deleted: they must hear of it.
  await knex.raw(
    'CREATE INDEX post_reblog_deleted ON post (reblog_of_id) WHERE reblog_of_id IS NOT NULL AND deleted_at IS NOT NULL',
  );
  await knex.raw(
    "CREATE INDEX post_public ON post (id) WHERE visibility = 'public' AND deleted_at IS NULL AND reblog_of_id IS NULL",
  );

  await knex.raw(
    "CREATE INDEX post_local ON post (id) WHERE visibility = 'public' AND deleted_at IS NULL AND reblog_of_id IS NULL AND source IS NOT NULL",
  );
  // Whether a cached page still shows its thread as it is: answered from the index alone.
  await knex.raw(
    "CREATE INDEX post_thread_stamp ON post (thread_id, version, visibility) WHERE thread_id IS NOT NULL AND visibility IN ('public', 'unlisted')",
  );

  // Posts and activities that somebody deleted or took back before they were seen here, so that they stay without effect when they come
  // late. Each account's word counts for what is its own.
  await knex.schema.createTable('tombstone', (t) => {
    t.bigInteger('account_id').notNullable();
    // Of the URI, which is as long as strangers like.
    t.text('uri_hash').notNullable();
    t.bigInteger('deleted_at').notNullable();
    t.primary(['account_id', 'uri_hash']);
    t.index(['account_id', 'deleted_at'], 'tombstone_account');
    t.index(['deleted_at'], 'tombstone_deleted_at');
  });

  await knex.schema.createTable('mention', (t) => {
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.primary(['post_id', 'account_id']);
  });
  // Whom a post from here named until an edit did not: their servers hold a copy, and must hear when it goes. A table of its own, as they
  // count for nothing else: whoever reads `mention` decides by it who may see a post.
  await knex.schema.createTable('former_mention', (t) => {
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.primary(['post_id', 'account_id']);
  });

  await knex.schema.createTable('hashtag', (t) => {
    t.bigInteger('id').primary();
    t.text('name').notNullable().unique();
    t.text('display').notNullable();
  });
  await knex.schema.createTable('post_hashtag', (t) => {
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.bigInteger('hashtag_id').notNullable().references('hashtag.id').onDelete('CASCADE');
    // Only public posts are listed by their hashtags: strangers decide how many others there are.
    t.integer('is_public').notNullable();
    t.primary(['hashtag_id', 'is_public', 'post_id']);
    t.index(['post_id'], 'post_hashtag_post');
  });

  await knex.schema.createTable('post_edit', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.text('title').notNullable();
    t.text('html').notNullable();
    t.text('source');
    t.text('summary').notNullable();
    t.integer('sensitive').notNullable();
    t.text('language');
    t.text('attachments').notNullable();
    t.bigInteger('created_at').notNullable();
    t.index(['post_id', 'id'], 'post_edit_post');
  });

  await knex.schema.createTable('favourite', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.text('uri').notNullable().unique();
    t.bigInteger('created_at').notNullable();
    t.unique(['post_id', 'account_id'], { indexName: 'favourite_pair' });
    t.index(['account_id', 'id'], 'favourite_account');
  });

  await knex.schema.createTable('pin', (t) => {
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.bigInteger('post_id').notNullable().references('post.id').onDelete('CASCADE');
    t.bigInteger('created_at').notNullable();
    t.primary(['account_id', 'post_id']);
    t.index(['post_id'], 'pin_post');
  });

  await knex.schema.createTable('notification', (t) => {
    t.bigInteger('id').primary();
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.text('kind').notNullable();
    t.bigInteger('from_account_id').notNullable().references('account.id').onDelete('CASCADE');
    // 0 where the notification is about an account.
    t.bigInteger('post_id').notNullable().defaultTo(0);
    t.bigInteger('created_at').notNullable();
    t.unique(['account_id', 'kind', 'from_account_id', 'post_id'], { indexName: 'notification_once' });
    t.index(['account_id', 'id'], 'notification_account');
    t.index(['post_id'], 'notification_post');
    t.index(['from_account_id'], 'notification_from');
  });

  // Direct messages, as the people in them list them.
  await knex.schema.createTable('conversation_member', (t) => {
    t.bigInteger('account_id').notNullable().references('account.id').onDelete('CASCADE');
    t.bigInteger('conversation_id').notNullable();
    t.bigInteger('last_post_id').notNullable();
    t.integer('unread').notNullable().defaultTo(0);
    t.primary(['account_id', 'conversation_id']);
    t.index(['account_id', 'last_post_id'], 'conversation_member_latest');
  });

  // Without a row id of its own and without an index by post: the table is written 20 times as often as it is read, and a deleted post
  // is filtered by the join.
  const withoutRowId = knex.client.config.client === 'pg' ? '' : 'WITHOUT ROWID';
  await knex.raw(
    `CREATE TABLE home (account_id BIGINT NOT NULL, post_id BIGINT NOT NULL, PRIMARY KEY (account_id, post_id)) ${withoutRowId}`,
  );
}
