import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdSource, firstIdAt, nextId, parseId, SLOTS, timeOfId } from '#lib/id.ts';

/** From the oldest time a post may claim to the last one that ids hold. */
const FIRST = Date.UTC(2001, 0, 1);
const LAST = Date.UTC(2248, 0, 1);
const time = fc.integer({ min: FIRST, max: LAST });
const slot = fc.integer({ min: 0, max: SLOTS - 1 });

describe('Ids', () => {
  test('have 16 digits from 2001 to 2248 and are exact as numbers', () => {
    fc.assert(
      fc.property(time, slot, (milliseconds, n) => {
        const id = nextId(milliseconds, n, 0);
        expect(Number.isSafeInteger(id)).toBe(true);
        expect(String(id)).toHaveLength(16);
        expect(timeOfId(id)).toBe(milliseconds);
      }),
    );
  });

  test('sort alike as numbers and as texts', () => {
    const id = fc.tuple(time, slot, fc.integer({ min: 0, max: 200 })).map(([milliseconds, n, more]) => {
      let last = 0;
      for (let i = 0; i <= more; i++) last = nextId(milliseconds, n, last);
      return last;
    });
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(String(one) < String(other)).toBe(one < other);
      }),
    );
  });

  test('increase strictly, whatever the clock does', () => {
    fc.assert(
      fc.property(slot, fc.array(fc.tuple(time, fc.integer({ min: 1, max: 200 })), { maxLength: 10 }), (n, steps) => {
        let now = 0;
        const ids = createIdSource(
          () => now,
          () => n,
        );
        let last = 0;
        for (const [moment, count] of steps) {
          now = moment;
          for (let i = 0; i < count; i++) {
            const id = ids.next();
            expect(id).toBeGreaterThan(last);
            last = id;
          }
        }
      }),
    );
  });

  test('of different slots never collide, also when milliseconds spill over', () => {
    fc.assert(
      fc.property(
        fc.array(slot, { minLength: 2, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 300 }),
        (slots, ticks) => {
          let now = LAST - 1_000;
          const sources = [...new Set(slots)].map((n) =>
            createIdSource(
              () => now,
              () => n,
            ),
          );
          const seen = new Set<number>();
          let made = 0;
          for (const tick of ticks) {
            now += tick === 2 ? 1 : 0;
            for (const source of sources) {
              for (let i = 0; i < 3; i++, made++) seen.add(source.next());
            }
          }
          expect(seen.size).toBe(made);
        },
      ),
    );
  });

  test('of the present moment are given once, be they of now or of that time, also when it spills over', () => {
    fc.assert(
      fc.property(slot, fc.array(fc.constantFrom('next', 'at', 'tick'), { maxLength: 300 }), (n, steps) => {
        let now = LAST - 1_000;
        const ids = createIdSource(
          () => now,
          () => n,
        );
        const given: number[] = [];
        for (const step of steps) {
          if (step === 'tick') now += 1;
          else given.push(step === 'next' ? ids.next() : ids.at(now, 0));
        }
        expect(new Set(given).size).toBe(given.length);
      }),
    );
  });

  test('come as the smallest of their slot after another slot’s id', () => {
    fc.assert(
      fc.property(time, slot, slot, fc.integer({ min: 0, max: 63 }), (milliseconds, mine, theirs, n) => {
        const after = firstIdAt(milliseconds) + theirs * 64 + n;
        const id = nextId(milliseconds, mine, after);
        expect(id).toBeGreaterThan(after);
        expect(Math.floor((id % 1024) / 64)).toBe(mine);
        expect(id - after).toBeLessThanOrEqual(1024);
      }),
    );
  });

  test('of past moments are in the order of arrival, a whole second of thousands included', () => {
    const ids = createIdSource(
      () => Date.UTC(2026, 0, 1),
      () => 5,
    );
    const past = Date.UTC(2024, 5, 1, 12, 0, 7);
    const made = Array.from({ length: 5_000 }, () => ids.at(past, 0));
    expect(made).toEqual(made.toSorted((a, b) => a - b));
    expect(new Set(made).size).toBe(5_000);
    expect(timeOfId(made.at(-1)!) - past).toBeLessThan(1_000);
  });

  test('of a past moment follow what the database knows of it', () => {
    const ids = createIdSource(
      () => Date.UTC(2026, 0, 1),
      () => 0,
    );
    const past = Date.UTC(2024, 5, 1);
    const known = firstIdAt(past) + 900;
    expect(ids.at(past, known)).toBeGreaterThan(known);
    // The second is not committed yet when the third is made.
    const second = ids.at(past, known);
    expect(ids.at(past, known)).toBeGreaterThan(second);
  });

  test('do not move the present by ids of the past', () => {
    const now = Date.UTC(2026, 0, 1);
    const ids = createIdSource(
      () => now,
      () => 3,
    );
    ids.at(now - 1_000_000, 0);
    expect(timeOfId(ids.next())).toBe(now);
  });

  test('are parsed as clients send them, and nothing else is', () => {
    fc.assert(
      fc.property(time, slot, (milliseconds, n) => {
        const id = nextId(milliseconds, n, 0);
        expect(parseId(String(id))).toBe(id);
      }),
    );
    for (const text of [
      undefined,
      '',
      '0',
      '01',
      '-1',
      '1.5',
      '1e3',
      ' 1',
      '1 ',
      '9007199254740993',
      '12345678901234567',
      '٣',
      '0x10',
      'NaN',
    ]) {
      expect(parseId(text)).toBeUndefined();
    }
  });
});
