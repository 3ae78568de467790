import { favourite } from '#domain/posts/favourite.ts';
import { publish } from '#domain/posts/publish.ts';
import { reblog } from '#domain/posts/reblog.ts';
import { follow } from '#domain/relationships/follow.ts';
import { cpuOf } from '../harness/child.ts';
import type { Figure } from '../harness/figures.ts';
import { sendAll } from '../harness/load.ts';
import { createReaders, type World } from '../harness/world.ts';

interface PagesWorld {
  readerId: number;
  authorId: number;
  postId: number;
}

async function prepare(world: World): Promise<PagesWorld> {
  return world.prepare(async (ctx) => {
    const [reader, author, other] = await createReaders(ctx, 3);
    await follow(ctx, reader!.id, author!.id);
    await follow(ctx, reader!.id, other!.id);
    for (let n = 0; n < 60; n++) {
      const post = await publish(ctx, author!.id, {
        text: `Le conseil vote ce soir, point ${n}, dit @reader2 #conseil https://ville.example/${n}`,
      });
      if (n % 3 === 0) await reblog(ctx, other!.id, post.id);
      if (n % 2 === 0) await favourite(ctx, reader!.id, post.id);
    }
    const root = await publish(ctx, author!.id, { text: 'Que pensez-vous du pont ?' });
    let parent = root.id;
    for (let n = 0; n < 50; n++) {
      const answer = await publish(ctx, (n % 2 === 0 ? other! : reader!).id, {
        text: `Réponse ${n}`,
        inReplyToId: n % 5 === 0 ? root.id : parent,
      });
      parent = answer.id;
    }
    return { readerId: reader!.id, authorId: author!.id, postId: root.id };
  });
}

/** Pages and documents that anybody may ask for, and the read model of a home timeline. */
export async function measurePages(world: World, { requests: count }: { requests: number }): Promise<Figure[]> {
  const { readerId, authorId, postId } = await prepare(world);
  const server = await world.start();
  const html = { accept: 'text/html', 'accept-language': 'fr' };
  const activity = { accept: 'application/activity+json' };
  const pages = [
    { name: 'profile, HTML', path: '/@reader1', headers: html, target: '≥ 1,500' },
    { name: 'post with 50 replies, HTML', path: `/@reader1/${postId}`, headers: html },
    { name: 'actor, JSON', path: `/users/${authorId}`, headers: activity, target: '≥ 2,000' },
    { name: 'post, JSON', path: `/posts/${postId}`, headers: activity },
    {
      name: 'WebFinger',
      path: `/.well-known/webfinger?resource=acct:reader1@${new URL(world.origin).host}`,
      headers: {},
    },
  ];
  try {
    const figures: Figure[] = [];
    for (const { name, path, headers, target } of pages) {
      const request = { method: 'GET' as const, path, headers: headers as Record<string, string> };
      await sendAll(
        world.origin,
        Array.from({ length: 50 }, () => request),
      );
      const cpu = cpuOf(server.pid);
      const result = await sendAll(
        world.origin,
        Array.from({ length: count }, () => request),
      );
      if (result.statuses[200] !== count) throw new Error(`${path} answered ${JSON.stringify(result.statuses)}`);
      figures.push({
        part: 'pages',
        name,
        value: (count / result.ms) * 1_000,
        unit: '/s',
        ...(target ? { target } : {}),
      });
      figures.push({ part: 'pages', name: `${name}: CPU`, value: (cpuOf(server.pid) - cpu) / count, unit: 'ms' });
    }
    const rounds = Math.max(50, Math.round(count / 4));
    const cpu = cpuOf(server.pid);
    const { ms } = await server.ask<{ ms: number }>({ type: 'home', accountId: readerId, count: rounds });
    figures.push({ part: 'home', name: 'read model of 20 posts', value: (rounds / ms) * 1_000, unit: '/s' });
    figures.push({
      part: 'home',
      name: 'read model of 20 posts: CPU',
      value: (cpuOf(server.pid) - cpu) / rounds,
      unit: 'ms',
    });
    return figures;
  } finally {
    await server.stop();
  }
}
