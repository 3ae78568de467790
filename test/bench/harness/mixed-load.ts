import { announce, create, follow, like, noteUri, remove, undo, update } from './activities.ts';
import type { SigningActor } from './actors.ts';

/** An activity and who sends it. */
export interface Sent {
  actor: SigningActor;
  activity: { id: string };
}

export interface Mix {
  actors: readonly SigningActor[];
  count: number;
  /** Local posts, which are favourited and reblogged. */
  postUris: readonly string[];
  /** A local person, who is followed. */
  target: string;
  /** When the activity of this number is sent (milliseconds). */
  timeOf: (i: number) => number;
}

/** What is deleted or corrected was sent so many posts before, so that it is mostly there. */
const EARLIER = 150;
const SPREAD = 50;

/** The shares of issue 4: Create 55 %, Like 15 %, Announce 15 %, Delete 8 %, Update 4 %, Follow and Undo 3 %. The same for the same mix. */
export function* mixedStream({ actors, count, postUris, target, timeOf }: Mix): Generator<Sent> {
  const created: { actor: SigningActor; n: number; published: Date }[] = [];
  for (let i = 0; i < count; i++) {
    const actor = actors[i % actors.length]!;
    const n = 100_000 + i;
    const kind = (i * 37) % 100;
    const now = timeOf(i);
    const earlier = created.length > EARLIER + SPREAD ? created[created.length - EARLIER - (i % SPREAD)] : undefined;
    if (kind < 55 || !earlier) {
      const published = new Date(now - 1_000);
      created.push({ actor, n, published });
      if (created.length > 2 * (EARLIER + SPREAD)) created.splice(0, EARLIER);
      yield { actor, activity: create(actor, n, published) };
    } else if (kind < 70) {
      yield { actor, activity: like(actor, n, postUris[i % postUris.length]!) };
    } else if (kind < 85) {
      const object = i % 2 === 0 ? postUris[i % postUris.length]! : noteUri(earlier.actor, earlier.n);
      yield { actor, activity: announce(actor, n, object, new Date(now)) };
    } else if (kind < 93) {
      created.splice(created.indexOf(earlier), 1);
      yield { actor: earlier.actor, activity: remove(earlier.actor, earlier.n) };
    } else if (kind < 97) {
      // Corrections of one post are told apart by their time.
      const updated = new Date(now + (i % 1_000));
      yield { actor: earlier.actor, activity: update(earlier.actor, earlier.n, earlier.published, updated) };
    } else {
      const asked = follow(actor, n, target);
      yield { actor, activity: i % 2 === 0 ? asked : undo(actor, n, asked) };
    }
  }
}
