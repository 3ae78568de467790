import { readFileSync } from 'node:fs';
import { Ajv, type AnySchema } from 'ajv';
import { expect, test } from 'vitest';
import { updateSettings } from '#domain/instance/settings.ts';
import { openDoor } from '../support/ask.ts';
import { createTestApp } from '../support/test-app.ts';
import { buildPost, buildUser } from '../support/world.ts';

/** Of draft 4, whose few keywords mean the same by now. */
function schemaOf(version: string): AnySchema {
  const file = new URL(`../fixtures/nodeinfo/${version}.json`, import.meta.url);
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return schema;
}

test.each(['2.0', '2.1'])('NodeInfo %s is what its schema says, and where the index says', async (version) => {
  await using app = await createTestApp();
  const ask = await openDoor(app);
  const alice = await buildUser(app.ctx, 'alice');
  await buildPost(app.ctx, alice);
  await buildUser(app.ctx, 'bob');
  const index = await ask('/.well-known/nodeinfo', {});
  const links = index.json['links'] as { rel: string; href: string }[];
  const link = links.find(({ rel }) => rel === `http://nodeinfo.diaspora.software/ns/schema/${version}`);
  expect(link?.href).toBe(`https://parvis.example/nodeinfo/${version}`);
  const answer = await ask(new URL(link!.href).pathname, {});
  expect(answer.headers['content-type']).toBe(
    `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/${version}#"`,
  );
  const validate = new Ajv({ strict: false }).compile(schemaOf(version));
  void validate(answer.json);
  expect(validate.errors).toBeNull();
  expect(answer.json).toMatchObject({
    version,
    software: { name: 'parvis' },
    protocols: ['activitypub'],
    usage: { users: { total: 2, activeMonth: 1, activeHalfyear: 1 }, localPosts: 1 },
    openRegistrations: false,
  });
});

test('counts are taken every ten minutes, settings are told at once', async () => {
  await using app = await createTestApp();
  const ask = await openDoor(app);
  const total = async () =>
    ((await ask('/nodeinfo/2.1', {})).json['usage'] as { users: { total: number } }).users.total;
  expect(await total()).toBe(0);
  await buildUser(app.ctx, 'alice');
  expect(await total()).toBe(0);
  await updateSettings(app.ctx, { registration: 'open', name: 'The Square' });
  expect((await ask('/nodeinfo/2.1', {})).json).toMatchObject({
    openRegistrations: false,
    metadata: { nodeName: 'The Square' },
  });
  app.clock.advance(11 * 60_000);
  expect(await total()).toBe(1);
});
