import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createHealthCheck } from '#db/health.ts';
import { onEachDialect } from '../../support/databases.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';
import { visit } from '../../support/visitor.ts';
import { buildUser } from '../../support/world.ts';

/** Does something while a table is missing. */
async function without(app: TestApp, table: string, action: () => Promise<void>): Promise<void> {
  const database = app.ctx.machinery.database;
  const rename = (from: string, to: string) =>
    database.transaction((db) => db.run(`ALTER TABLE ${from} RENAME TO ${to}`));
  await rename(table, `${table}_away`);
  try {
    await action();
  } finally {
    await rename(`${table}_away`, table);
  }
}

onEachDialect('a database that fails', (dialect) => {
  it('is told to people by a page in their language and colours, and to whoever watches by /health', async () => {
    await using app = await createTestApp({ dialect });
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    const visitor = await visit(app);
    await visitor.prefer({ theme: 'dark' });
    await visitor.get('/@alice');
    const signedIn = await visit(app);
    await signedIn.signIn('alice');
    await without(app, 'setting', async () => {
      for (const [somebody, path] of [
        [visitor, '/'],
        // Kept, but whether it is as it was cannot be asked.
        [visitor, '/@alice'],
        [signedIn, '/home'],
      ] as const) {
        const { status, headers, text } = await somebody.get(path, { 'accept-language': 'fr' });
        expect([path, status]).toEqual([path, 500]);
        expect(headers['content-type']).toBe('text/html; charset=utf-8');
        expect(headers['cache-control']).toBe('private, no-store');
        expect(text).toContain('<html lang="fr"');
        expect(text).toContain('parvis.example</title>');
        expect(text.includes('data-theme="dark"')).toBe(somebody === visitor);
      }
    });
    expect((await visitor.get('/')).status).toBe(200);
    expect(await visitor.get('/health')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    await without(app, 'process_slot', async () => {
      expect(await visitor.get('/health')).toMatchObject({ status: 503, text: '{"status":"no database"}' });
    });
    expect((await visitor.get('/health')).status).toBe(200);
  });
});

describe('the health of a database', () => {
  it('is bad when it does not answer in time, and is asked for once at a time', async () => {
    let asked = 0;
    let answer = (_row: undefined) => {};
    const check = createHealthCheck(
      {
        get: () => {
          asked += 1;
          return new Promise((resolve) => (answer = resolve as typeof answer));
        },
      },
      20,
    );
    expect(await Promise.all([check(), check()])).toEqual([false, false]);
    expect(asked).toBe(1);
    answer(undefined);
    await sleep(1);
    setTimeout(() => answer(undefined), 1);
    expect(await check()).toBe(true);
    expect(asked).toBe(2);
  });
});
