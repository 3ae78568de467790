/** The secret of the databases in test/fixtures/databases, which nothing else is sealed with. */
export const FIXTURE_SECRET = Buffer.alloc(32, 'fixture');
