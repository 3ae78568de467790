import { describe, expect, it } from 'vitest';
import { createTestApp } from '../../support/test-app.ts';
import { visit } from '../../support/visitor.ts';
import { buildPost, buildUser } from '../../support/world.ts';

describe('an address with a strange query', () => {
  it('is refused at once, whatever it names', async () => {
    await using app = await createTestApp();
    await buildUser(app.ctx, 'alice', { role: 'owner' });
    const anybody = await visit(app);
    const signedIn = await visit(app);
    await signedIn.signIn('alice');
    const query = 'a&'.repeat(7_500);
    for (const path of ['/about', '/', '/oembed', '/sign-in', '/tags/x', '/nothing']) {
      const started = performance.now();
      const { status } = await anybody.get(`${path}?${query}`);
      expect([path, status]).toEqual([path, 414]);
      expect(performance.now() - started).toBeLessThan(200);
    }
    for (const path of ['/home', '/settings/instance', '/authorize_interaction']) {
      expect([path, (await signedIn.get(`${path}?${query}`)).status]).toEqual([path, 414]);
    }
    expect((await anybody.get(`/about?${'a&'.repeat(30)}`)).status).toBe(400);
  });

  it('is the same page as without what the page does not know, and repeats none of it', async () => {
    await using app = await createTestApp();
    const anybody = await visit(app);
    const plain = await anybody.get('/about');
    const added = await anybody.get('/about?utm_source=elsewhere&url=x&before=%3Cb%3E&format=json');
    expect(added.text).toBe(plain.text);
    expect(added.headers['etag']).toBe(plain.headers['etag']);
    expect(added.headers['cache-control']).toBe('public, no-cache');
    expect((await anybody.get('/?before=1')).text).toContain('to=%2F%3Fbefore%3D1');
  });

  it('is not read by way of Koa', async () => {
    await using app = await createTestApp();
    expect(() => app.koa.createContext({ url: '/?a=1', headers: {} } as never, {} as never).query).toThrow('readQuery');
  });
});

describe('rendering', () => {
  it('is limited per place, unlike what is kept', async () => {
    await using app = await createTestApp({
      config: { rateLimits: true, trustedProxies: ['127.0.0.1/32', '::1/128'] },
    });
    const alice = await buildUser(app.ctx, 'alice', { role: 'owner' });
    const post = await buildPost(app.ctx, alice);
    const visitor = await visit(app);
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const here = from('198.51.100.7');
    expect((await visitor.get('/about', here)).status).toBe(200);
    const answers = [];
    for (let n = 1; n <= 61; n++) answers.push(await visitor.get(`/?before=${n}`, here));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(59);
    const refused = answers.at(-1)!;
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.text).toContain('<h1>Too many tries</h1>');
    // A cookie that looks like a session is no way around it.
    expect((await visitor.get('/', { ...here, cookie: '__Host-parvis-session=x' })).status).toBe(429);
    // Nor are documents, which cost even more.
    const document = { ...here, accept: 'application/activity+json' };
    expect((await visitor.get(`/posts/${post.id}`, document)).status).toBe(429);
    expect((await visitor.get(`/.well-known/webfinger?resource=acct:alice@parvis.example`, here)).status).toBe(429);
    // What is kept costs nothing, and others are others; a /64 of IPv6 is one place.
    for (let n = 0; n < 5; n++) expect((await visitor.get(`/about?n=${n}`, here)).status).toBe(200);
    expect((await visitor.get('/@alice', from('198.51.100.8'))).status).toBe(200);
    for (let n = 0; n < 60; n++) await visitor.get(`/tags/n${n}`, from(`2001:db8::${n.toString(16)}`));
    expect((await visitor.get('/tags/more', from('2001:db8::ffff'))).status).toBe(429);
    app.clock.advance(1_000);
    expect((await visitor.get('/@alice/replies', here)).status).toBe(200);
  });
});
