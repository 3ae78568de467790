import { createHmac, createSign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '#domain/accounts/account.ts';
import { findAccountByUri } from '#domain/accounts/account-store.ts';
import { deleteAccount } from '#domain/deletion/delete-account.ts';
import { blockDomain, unblockDomain } from '#domain/instance/domain-block.ts';
import { findFollow } from '#domain/relationships/follow-store.ts';
import { longestTurn, startCpuClock } from '../support/cpu-clock.ts';
import { base64Sha, type Draft, withExtraHeader, withHeaders } from '../support/http-signing.ts';
import { createInboxWorld, type InboxWorld } from '../support/inbox.ts';
import {
  buildRemoteActor,
  type Delivery,
  PUBLIC,
  type RemoteActor,
  send,
  signDelivery,
} from '../support/remote-actor.ts';
import { buildUser } from '../support/world.ts';

let world: InboxWorld;
let alice: Account;
let bob: RemoteActor;
let mallory: RemoteActor;
let host = 0;

beforeAll(async () => {
  world = await createInboxWorld();
  alice = await buildUser(world.app.ctx, 'alice');
  bob = world.actor('bob@victim.example');
  mallory = world.actor('mallory@evil.example');
  await world.befriend(alice, bob);
  await world.accountOf(mallory);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Somebody on a host of their own, whom the server has never met. */
function stranger(name = 'eve', options = {}): RemoteActor {
  return world.actor(`${name}@host${++host}.example`, options);
}

/** Delivers, and expects that it is refused with one of `statuses` and leaves nothing behind. */
async function expectRefused(
  from: RemoteActor,
  activity: unknown,
  delivery: Delivery,
  statuses: readonly number[] = [401],
): Promise<void> {
  await world.app.drain();
  const before = await world.traces();
  expect(statuses).toContain(await world.deliver(from, activity, delivery));
  expect(await world.traces()).toEqual(before);
}

const followOf = (actor: RemoteActor, target: Account = alice) => actor.activity('Follow', target.uri);

describe('who may post', () => {
  test('a signature by draft-cavage is accepted', async () => {
    const eve = stranger();
    expect(await world.deliver(eve, followOf(eve))).toBe(202);
    const account = await findAccountByUri(world.app.ctx.db, eve.uri);
    expect(await findFollow(world.app.ctx.db, account!.id, alice.id)).toMatchObject({ accepted: true });
  });

  test('a signature by RFC 9421 is accepted, at a personal inbox too', async () => {
    const eve = stranger();
    expect(await world.deliver(eve, followOf(eve), { spec: 'rfc9421', path: `/users/${alice.id}/inbox` })).toBe(202);
    expect(await findAccountByUri(world.app.ctx.db, eve.uri)).toBeDefined();
  });

  test('an unsigned request is refused and leaves nothing', async () => {
    const unsigned = (draft: Draft) => withHeaders(draft, { signature: undefined });
    await expectRefused(bob, bob.activity('Create', bob.note()), { tampered: unsigned });
  });

  test('only ActivityStreams content types are read', async () => {
    for (const type of ['application/json', 'text/plain', 'application/ld+json', undefined]) {
      await expectRefused(bob, bob.activity('Create', bob.note()), { headers: { 'content-type': type } }, [415]);
    }
    const profile = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"';
    expect(await world.deliver(bob, bob.activity('Create', bob.note()), { headers: { 'content-type': profile } })).toBe(
      202,
    );
  });

  test('the inbox of nobody is 404 and that of a deleted account 410', async () => {
    const leaver = await buildUser(world.app.ctx, 'leaver');
    await deleteAccount(world.app.ctx, leaver.id);
    await world.app.drain();
    await expectRefused(bob, followOf(bob), { path: '/users/123/inbox' }, [404]);
    await expectRefused(bob, followOf(bob), { path: `/users/${leaver.id}/inbox` }, [410]);
  });
});

describe('inbox-auth', () => {
  test('A05: what mallory signs for alice of another server is refused before anything happens', async () => {
    for (const type of ['Follow', 'Like', 'Block', 'Undo', 'Accept', 'Update', 'Add', 'Move']) {
      await expectRefused(mallory, bob.activity(type, alice.uri), {}, [401, 403]);
    }
    await expectRefused(mallory, bob.activity('Create', bob.note()), {}, [401, 403]);
    const colleague = buildRemoteActor(world.app.remote, 'colleague@victim.example');
    await expectRefused(colleague, bob.activity('Create', bob.note()), {}, [400, 401, 403]);
  });

  test('A05: nobody speaks for an account of this server', async () => {
    await expectRefused(
      mallory,
      { ...mallory.activity('Follow', bob.uri), id: undefined, actor: alice.uri },
      {},
      [401],
    );
    await expectRefused(mallory, followOf(mallory), { keyId: `${alice.uri}#main-key` }, [401]);
  });

  test('A07: the digest must be there, be signed, and be that of the body', async () => {
    const activity = bob.activity('Create', bob.note());
    await expectRefused(bob, activity, { covered: ['(request-target)', 'host', 'date'] });
    await expectRefused(bob, activity, { headers: { digest: `SHA-256=${base64Sha(256, Buffer.from('other'))}` } });
    await expectRefused(bob, activity, {
      headers: { digest: undefined },
      covered: ['(request-target)', 'host', 'date'],
    });
    await expectRefused(bob, activity, {
      tampered: (draft) => ({ ...draft, body: Buffer.from(JSON.stringify(bob.activity('Create', bob.note()))) }),
    });
  });

  test('A08: of two digests each must be right, signed or not', async () => {
    const activity = bob.activity('Create', bob.note());
    const wrong = base64Sha(256, Buffer.from('wrong'));
    await expectRefused(
      bob,
      activity,
      { tampered: (draft) => withExtraHeader(draft, 'Digest', `SHA-256=${wrong}`) },
      [400, 401],
    );
    await expectRefused(bob, activity, {
      tampered: (draft) => withExtraHeader(draft, 'Content-Digest', `sha-256=:${wrong}:`),
    });
  });

  test('A10: a request signed for another host is refused', async () => {
    await expectRefused(bob, bob.activity('Create', bob.note()), { host: 'other.test' }, [401, 421]);
  });

  test('N01: RFC 9421 must cover content, method and target, under one label', async () => {
    const activity = bob.activity('Create', bob.note());
    await expectRefused(bob, activity, { spec: 'rfc9421', covered: ['@method', '@target-uri'] });
    await expectRefused(bob, activity, { spec: 'rfc9421', covered: ['@method', 'content-digest'] });
    await expectRefused(bob, activity, { spec: 'rfc9421', covered: ['@target-uri', 'content-digest'] });
    const twice = (draft: Draft) => {
      const headers = draft.headers.map(([name, value]) =>
        /^signature/i.test(name)
          ? ([name, `${value}, ${value.replace('sig1', 'sig2')}`] as const)
          : ([name, value] as const),
      );
      return { ...draft, headers };
    };
    await expectRefused(bob, activity, { spec: 'rfc9421', tampered: twice });
  });

  test('N02: a covered header that is absent, or a wrong Content-Digest that is not covered, is refused', async () => {
    const activity = bob.activity('Create', bob.note());
    await expectRefused(bob, activity, { covered: ['(request-target)', 'host', 'date', 'digest', 'x-absent'] });
    const wrong = `sha-256=:${base64Sha(256, Buffer.from('wrong'))}:`;
    await expectRefused(bob, activity, { tampered: (draft) => withExtraHeader(draft, 'content-digest', wrong) });
  });
});

describe('replay', () => {
  const HOUR = 3_600_000;

  test('A11 N03: what was signed too long ago, in the future, or has expired is refused', async () => {
    const { now } = world.app.ctx;
    const seconds = (offset: number) => Math.floor((now() + offset) / 1_000);
    for (const date of [now() - 25 * HOUR, now() + 2 * HOUR]) {
      await expectRefused(bob, bob.activity('Create', bob.note()), { date });
      await expectRefused(bob, bob.activity('Create', bob.note()), { date, spec: 'rfc9421' });
    }
    await expectRefused(bob, bob.activity('Create', bob.note()), {
      spec: 'rfc9421',
      parameters: { expires: String(seconds(-10_000)) },
    });
    await expectRefused(bob, bob.activity('Create', bob.note()), { parameters: { expires: seconds(-10_000) } });
  });

  test('N07: Follow, Undo, and the same signed Follow again ends without a follow', async () => {
    const eve = stranger();
    const following = followOf(eve);
    const signed = signDelivery(world.app, eve, following);
    expect((await send(world.port, signed)).status).toBe(202);
    await world.app.drain();
    const { id } = (await findAccountByUri(world.app.ctx.db, eve.uri))!;
    expect(await findFollow(world.app.ctx.db, id, alice.id)).toBeDefined();
    await world.deliver(eve, eve.activity('Undo', following));
    expect(await findFollow(world.app.ctx.db, id, alice.id)).toBeUndefined();
    expect((await send(world.port, signed)).status).toBe(202);
    await world.app.drain();
    expect(await findFollow(world.app.ctx.db, id, alice.id)).toBeUndefined();
  });

  test('an activity without an id has its effect once', async () => {
    const eve = stranger();
    const anonymous = { ...followOf(eve), id: undefined };
    await world.deliver(eve, anonymous);
    const received = await world.count('received');
    await world.deliver(eve, anonymous);
    expect(await world.count('received')).toBe(received);
  });

  test('N06: nobody uses up another’s id before they do', async () => {
    const note = bob.note();
    const create = bob.activity('Create', note);
    await expectRefused(mallory, { ...create, actor: mallory.uri }, {}, [400, 401, 403]);
    const colleague = buildRemoteActor(world.app.remote, 'colleague@victim.example');
    await world.deliver(colleague, { ...create, actor: colleague.uri });
    expect(await world.deliver(bob, create)).toBe(202);
    const posts = await world.app.ctx.db.all<{ accountId: number }>('SELECT account_id FROM post WHERE uri = ?', [
      note.id,
    ]);
    expect(posts).toEqual([{ accountId: (await world.accountOf(bob)).id }]);
  });
});

describe('key-confusion', () => {
  test('A13: a key document that names another owner is no key of theirs', async () => {
    const keyId = 'https://evil.example/keys/1';
    const document = {
      '@context': 'https://w3id.org/security/v1',
      id: keyId,
      type: 'Key',
      publicKeyPem: mallory.publicPem,
    };
    for (const owner of [bob.uri, mallory.uri]) {
      world.app.remote.serveActivity({ ...document, owner });
      await expectRefused(mallory, bob.activity('Create', bob.note()), { keyId });
      await expectRefused(mallory, mallory.activity('Follow', alice.uri), { keyId });
    }
  });

  test('A13: a document of mallory that calls itself bob’s actor is asked for at bob’s', async () => {
    const url = 'https://evil.example/users/bob';
    world.app.remote.serveActivity(
      {
        ...bob.document,
        publicKey: { id: `${url}#main-key`, owner: bob.uri, publicKeyPem: mallory.publicPem },
      },
      url,
    );
    await expectRefused(mallory, bob.activity('Create', bob.note()), { keyId: `${url}#main-key` });
  });

  test('A13: an actor’s key that names another owner is not taken', async () => {
    const eve = stranger('eve', {});
    const wrongOwner = { id: eve.keyId, owner: bob.uri, publicKeyPem: eve.publicPem };
    world.app.remote.serveActivity({ ...eve.document, publicKey: wrongOwner });
    await expectRefused(eve, followOf(eve), {});
  });

  test('A14: a key under another id than asked for is refused and not remembered', async () => {
    const eve = stranger();
    const keyId = `${eve.uri}#other-key`;
    await expectRefused(eve, followOf(eve), { keyId });
    await expectRefused(eve, followOf(eve), { keyId });
    expect(await world.app.ctx.db.get('SELECT 1 FROM account_key WHERE uri = ?', [keyId])).toBeUndefined();
    expect(await world.deliver(eve, followOf(eve))).toBe(202);
  });

  test('A key at a path of its own, as GoToSocial has it, is accepted', async () => {
    const uri = 'https://gts.example/users/tobi';
    const keyId = `${uri}/main-key`;
    const tobi = world.actor('tobi@gts.example');
    const publicKey = { id: keyId, owner: uri, publicKeyPem: tobi.publicPem };
    world.app.remote.serveActivity({ ...tobi.document, publicKey });
    world.app.remote.serveActivity({ id: uri, type: 'Person', preferredUsername: 'tobi', publicKey }, keyId);
    expect(await world.deliver(tobi, followOf(tobi), { keyId })).toBe(202);
  });

  test('A16: the algorithm is that of the key', async () => {
    const activity = bob.activity('Create', bob.note());
    const sha1 = (draft: Draft) => {
      const lines = [
        `(request-target): post ${draft.target}`,
        ...['host', 'date', 'digest'].map((name) => `${name}: ${draft.headers.find(([other]) => other === name)![1]}`),
      ];
      const signature = createSign('sha1').update(lines.join('\n')).sign(bob.privateKey, 'base64');
      return withHeaders(draft, {
        signature: `keyId="${bob.keyId}",algorithm="rsa-sha1",headers="(request-target) host date digest",signature="${signature}"`,
      });
    };
    const hmac = (draft: Draft) => {
      const lines = [
        `(request-target): post ${draft.target}`,
        ...['host', 'date', 'digest'].map((name) => `${name}: ${draft.headers.find(([other]) => other === name)![1]}`),
      ];
      const signature = createHmac('sha256', bob.publicPem).update(lines.join('\n')).digest('base64');
      return withHeaders(draft, {
        signature: `keyId="${bob.keyId}",algorithm="hmac-sha256",headers="(request-target) host date digest",signature="${signature}"`,
      });
    };
    await expectRefused(bob, activity, { tampered: sha1 });
    await expectRefused(bob, activity, { tampered: hmac });
    await expectRefused(bob, activity, { algorithm: 'none' });
  });
});

describe('parse', () => {
  test('A17: repeated signatures and parameters are refused', async () => {
    const activity = bob.activity('Create', bob.note());
    const twice = (draft: Draft) =>
      withExtraHeader(draft, 'Signature', draft.headers.find(([name]) => name === 'signature')![1]);
    await expectRefused(bob, activity, { tampered: twice }, [400, 401]);
    const parameter = (draft: Draft) =>
      withHeaders(draft, {
        signature: `${draft.headers.find(([name]) => name === 'signature')![1]},keyId="${mallory.keyId}"`,
      });
    await expectRefused(bob, activity, { tampered: parameter }, [400, 401]);
    await expectRefused(bob, activity, { keyId: `${bob.keyId}%0d%0ax: y` }, [400, 401]);
  });

  test('N04: garbage is refused with 401 and never breaks anything', async () => {
    const activity = bob.activity('Create', bob.note());
    await expectRefused(bob, activity, { headers: { date: 'yesterday' } });
    const noBase64 = (draft: Draft) =>
      withHeaders(draft, {
        signature: `keyId="${bob.keyId}",headers="(request-target) host date digest",signature="&&&"`,
      });
    await expectRefused(bob, activity, { tampered: noBase64 });
    for (const keyId of ['not a url', 'acct:bob@victim.example', '', 'file:///etc/passwd'])
      await expectRefused(bob, activity, { keyId });
    await expectRefused(bob, activity, { tampered: (draft) => withHeaders(draft, { signature: 'ÿÿÿ' }) });
  });

  test('a signed body that is no activity is refused', async () => {
    for (const body of ['', '[]', 'null', '"x"', '{', '{}', '{"type":"Create"}'])
      await expectRefused(bob, body, {}, [400, 401]);
  });
});

describe('dos', () => {
  test('A59: deep nesting, a flood of members and a huge body are refused at once', async () => {
    const spent = startCpuClock();
    await expectRefused(bob, `{"a":`.repeat(100_000), {}, [400]);
    await expectRefused(bob, `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`).join()}}`, {}, [400, 413]);
    await expectRefused(bob, Buffer.alloc(1024 * 1024 + 1, 0x20), {}, [413]);
    expect(spent()).toBeLessThan(2_000);
    const polluting = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"actor":"${bob.uri}","type":"Like","object":"${alice.uri}"}`;
    expect(await world.deliver(bob, polluting)).toBe(202);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('A55: a key behind an endless chain of redirects is given up', async () => {
    const { remote } = world.app;
    for (let hop = 0; hop < 30; hop++)
      remote.serve(`https://loop.example/${hop}`, { redirectTo: `https://loop.example/${hop + 1}` });
    remote.serve('https://loop.example/self', { redirectTo: 'https://loop.example/self' });
    const before = remote.requests.length;
    await expectRefused(mallory, mallory.activity('Follow', alice.uri), { keyId: 'https://loop.example/0' });
    await expectRefused(mallory, mallory.activity('Follow', alice.uri), { keyId: 'https://loop.example/self' });
    expect(remote.requests.length - before).toBeLessThan(12);
  });

  test('N05: many bad signatures under one key make at most one look for a new key in five minutes', async () => {
    const eve = stranger();
    await world.deliver(eve, followOf(eve));
    const { remote, clock } = world.app;
    const fetches = () => remote.requests.filter(({ url }) => url === eve.uri).length;
    const before = fetches();
    const bad = signDelivery(world.app, eve, eve.activity('Like', alice.uri), {
      key: world.actor('other@keys.example', { keyName: '4' }).privateKey,
    });
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => send(world.port, bad)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(fetches() - before).toBeLessThanOrEqual(1);
    clock.advance(6 * 60_000);
    await send(world.port, bad);
    await send(world.port, bad);
    expect(fetches() - before).toBeLessThanOrEqual(2);
  });

  test('a key that was replaced is found after the first signature by the new one', async () => {
    const eve = stranger();
    await world.deliver(eve, followOf(eve));
    const renewed = buildRemoteActor(world.app.remote, `eve@${eve.host}`, { keyName: 'another key' });
    expect(await world.deliver(renewed, renewed.activity('Like', alice.uri))).toBe(202);
    expect(await world.deliver(eve, eve.activity('Like', alice.uri))).toBe(401);
  });

  test('N10: a megabyte of small members is refused without holding up others', async () => {
    const many = `{"actor":"${bob.uri}","x":[${'1000,'.repeat(200_000)}1]}`;
    expect(many.length).toBeGreaterThan(1_000_000);
    const huge = signDelivery(world.app, bob, many);
    const longest = await longestTurn(async () => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => send(world.port, huge)));
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    });
    expect(longest).toBeLessThan(150);
  });

  test('concurrent first activities of one actor ask its server once', async () => {
    const eve = stranger();
    const before = world.app.remote.requests.length;
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => send(world.port, signDelivery(world.app, eve, followOf(eve)))),
    );
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(world.app.remote.requests.slice(before).filter(({ url }) => url === eve.uri)).toHaveLength(1);
  });

  test('A64: one address has its limits, and another’s name cannot be used up', async () => {
    await using limited = await createInboxWorld({ config: { rateLimits: true } });
    const carol = limited.actor('carol@busy.example');
    await limited.accountOf(carol);
    const unsignedFor = (forwardedFor: string) =>
      withHeaders(
        signDelivery(limited.app, carol, carol.activity('Like', 'https://x.example/'), {
          key: limited.actor('z@z.example', { keyName: '4' }).privateKey,
        }),
        { 'x-forwarded-for': forwardedFor },
      );
    const statuses: number[] = [];
    for (let n = 0; n < 2_100; n += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(limited.port, unsignedFor('192.0.2.1'))));
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses.at(-1)).toBe(429);
    const good = withHeaders(signDelivery(limited.app, carol, carol.activity('Like', 'https://x.example/')), {
      'x-forwarded-for': '192.0.2.2',
    });
    expect((await send(limited.port, good)).status).toBe(202);
  });
});

describe('delete storms', () => {
  test('A86: the farewell of an unknown actor whose key is gone is 202, without a fetch loop or an account', async () => {
    const ghost = stranger('ghost');
    world.app.remote.serve(ghost.uri, { status: 410 });
    await expectRefused(ghost, ghost.activity('Delete', ghost.uri), {}, [202]);
    await expectRefused(ghost, ghost.activity('Delete', ghost.uri), {}, [202]);
    expect(world.app.remote.requests.filter(({ url }) => url === ghost.uri)).toHaveLength(1);
    await expectRefused(ghost, ghost.activity('Follow', alice.uri), {}, [401]);
    await expectRefused(ghost, ghost.activity('Delete', bob.uri), {}, [401]);
  });

  test('A86: of a stranger whose key is still there nothing is kept either', async () => {
    const ghost = stranger('ghost');
    await expectRefused(ghost, ghost.activity('Delete', ghost.uri), {}, [202]);
  });

  test('a server that does not answer is asked again later, and the sender too', async () => {
    const eve = stranger();
    world.app.remote.takeDown(eve.host);
    await expectRefused(eve, followOf(eve), {}, [503]);
    buildRemoteActor(world.app.remote, `eve@${eve.host}`);
    world.app.clock.advance(61_000);
    expect(await world.deliver(eve, followOf(eve))).toBe(202);
  });
});

describe('domain blocks', () => {
  test('A35: a blocked domain is refused in every spelling, with its subdomains, and by a forwarder', async () => {
    const { ctx } = world.app;
    await blockDomain(ctx, 'BLOCKED.example.', 'spam');
    const troll = world.actor('troll@blocked.example');
    const sub = world.actor('troll@sub.blocked.example');
    for (const actor of [troll, sub]) {
      await expectRefused(actor, followOf(actor), {});
      await expectRefused(actor, followOf(actor), { keyId: actor.keyId.replace('example', 'EXAMPLE') });
      await expectRefused(actor, followOf(actor), { keyId: actor.keyId.replace('.example', '.example.') });
      await expectRefused(actor, followOf(actor), { keyId: actor.keyId.replace('.example', '.example:443') });
      await expectRefused(mallory, actor.activity('Create', actor.note()), {});
    }
    expect(world.app.remote.requests.filter(({ url }) => url.includes('blocked.example'))).toEqual([]);
    expect(await ctx.lookup.account(troll.uri)).toBeUndefined();
    expect(await ctx.lookup.account('troll@sub.blocked.example')).toBeUndefined();
    const neighbour = world.actor('friend@notblocked.example');
    expect(await world.deliver(neighbour, followOf(neighbour))).toBe(202);

    await unblockDomain(ctx, 'blocked.example');
    expect(await world.deliver(troll, followOf(troll))).toBe(202);
  });

  test('the server cannot block itself, nor what is no host', async () => {
    for (const name of ['parvis.example', 'example', 'not a host', '']) {
      await expect(blockDomain(world.app.ctx, name, '')).rejects.toMatchObject({ name: 'Invalid' });
    }
  });
});

describe('ld-sig', () => {
  const signature = {
    type: 'RsaSignature2017',
    creator: 'https://evil.example/users/mallory#main-key',
    created: '2026-01-15T12:00:00Z',
    signatureValue: 'AAAA',
  };

  test('A19: a signature within by somebody else than the actor is ignored', async () => {
    await expectRefused(mallory, { ...bob.activity('Create', bob.note()), signature }, {}, [400, 401, 403]);
  });

  test('A20: a context that gives terms another meaning has no effect, and is not fetched', async () => {
    const before = world.app.remote.requests.length;
    const context = [
      'https://www.w3.org/ns/activitystreams',
      'https://evil.example/context',
      { actor: 'as:object', to: 'as:cc', cc: 'as:to' },
    ];
    const note = bob.note({ to: [bob.followers], cc: [] });
    expect(await world.deliver(bob, { ...bob.activity('Create', note), '@context': context })).toBe(202);
    expect(world.app.remote.requests.slice(before).filter(({ url }) => url.includes('/context'))).toEqual([]);
    expect(
      await world.app.ctx.db.get('SELECT visibility, account_id FROM post WHERE uri = ?', [note.id]),
    ).toMatchObject({ visibility: 'followers' });
    await expectRefused(
      mallory,
      {
        ...mallory.activity('Create', bob.note()),
        '@context': [{ actor: 'as:target' }],
        target: bob.uri,
        actor: bob.uri,
      },
      {},
      [400, 401],
    );
  });
});

test('what is public is told apart in its three spellings', async () => {
  for (const [index, spelling] of [PUBLIC, 'as:Public', 'Public'].entries()) {
    const note = bob.note({ to: spelling, cc: index === 0 ? null : [] });
    await world.deliver(bob, bob.activity('Create', note));
    expect(await world.app.ctx.db.get('SELECT visibility FROM post WHERE uri = ?', [note.id])).toEqual({
      visibility: 'public',
    });
  }
});

test('a signature by a key of an Ed25519 Multikey is accepted', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const { encodeMultibase } = await import('@fedify/vocab-runtime');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
  const publicKeyMultibase = new TextDecoder().decode(
    encodeMultibase('base58btc', Buffer.concat([Buffer.from([0xed, 0x01]), raw])),
  );
  const eve = stranger();
  const keyId = `${eve.uri}#ed25519-key`;
  world.app.remote.serveActivity({
    ...eve.document,
    assertionMethod: [{ id: keyId, type: 'Multikey', controller: eve.uri, publicKeyMultibase }],
  });
  expect(await world.deliver(eve, followOf(eve), { spec: 'rfc9421', key: privateKey, keyId })).toBe(202);
});
