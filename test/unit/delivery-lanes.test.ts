import { expect, test } from 'vitest';
import { createLanes, type Held } from '#activitypub/delivery-lanes.ts';
import { newHealth } from '#activitypub/host-health-store.ts';

const HOST = 'one.example';

/** Lanes whose deliveries take until they are told to end. */
function createWorld() {
  const started: number[] = [];
  const endings = new Map<number, () => void>();
  const lanes = createLanes(
    ({ id }) => {
      started.push(id);
      return new Promise((resolve) => endings.set(id, resolve));
    },
    () => {},
  );
  const add = (id: number, about: string | undefined, inbox = `https://${HOST}/inbox`) => {
    const held: Held = { id, bodyId: id, host: HOST, inbox, accountId: 1, attempt: 0, about };
    expect(lanes.add(held, newHealth(HOST))).toBe(true);
  };
  const end = async (id: number) => {
    endings.get(id)!();
    await new Promise(setImmediate);
  };
  return { lanes, started, add, end };
}

test('an inbox gets what is about the same thing one after the other, and other things meanwhile', async () => {
  const { lanes, started, add, end } = createWorld();
  add(1, 'a post');
  add(2, 'a post');
  add(3, 'a post');
  add(4, 'another post');
  add(5, undefined);
  add(6, undefined);
  lanes.pump();
  expect(started).toEqual([1, 4]);
  await end(4);
  expect(started).toEqual([1, 4, 5]);
  await end(1);
  expect(started).toEqual([1, 4, 5, 2]);
  await end(5);
  await end(6);
  expect(started).toEqual([1, 4, 5, 2, 6]);
  await end(2);
  expect(started).toEqual([1, 4, 5, 2, 6, 3]);
  await end(3);
  expect(lanes.size).toBe(0);
  expect(lanes.get(HOST)).toBeUndefined();
});

test('another inbox of the host does not wait', () => {
  const { lanes, started, add } = createWorld();
  add(1, 'a post', 'https://one.example/users/f/inbox');
  add(2, 'a post', 'https://one.example/users/g/inbox');
  lanes.pump();
  expect(started).toEqual([1, 2]);
});
