/** What may be held of bodies at once. A body counts until it is done with: whoever waits for somebody else's server holds it meanwhile. */
export interface BodyBudgetOptions {
  /** In all. */
  bytes: number;
  /** Of one place (`placeOf`). */
  bytesOfPlace: number;
  /** Bodies of one place under way at once. */
  openOfPlace: number;
}

const MIB = 1024 * 1024;
/** A large server has some dozens under way, of a few kilobytes each. */
const DEFAULT: BodyBudgetOptions = { bytes: 64 * MIB, bytesOfPlace: 16 * MIB, openOfPlace: 128 };

export interface BodyBudget {
  /** Undefined when this place has too many open. Dispose of it when the body is done with. */
  open(place: string): BodyShare | undefined;
  /** Held at the moment. */
  readonly bytes: number;
}

/** The part of one body. */
export interface BodyShare extends Disposable {
  /** Counts bytes that are about to be kept. False when there is no room for them. */
  take(bytes: number): boolean;
}

/** Nobody has proved anything while a body comes in, and anybody can send very slowly: so memory is counted, and refused when it is used up. */
export function createBodyBudget({ bytes, bytesOfPlace, openOfPlace } = DEFAULT): BodyBudget {
  const places = new Map<string, { open: number; bytes: number }>();
  let held = 0;
  return {
    get bytes() {
      return held;
    },
    open(name) {
      const place = places.get(name) ?? { open: 0, bytes: 0 };
      if (place.open >= openOfPlace) return undefined;
      place.open += 1;
      places.set(name, place);
      let mine = 0;
      return {
        take(more) {
          if (held + more > bytes || place.bytes + more > bytesOfPlace) return false;
          mine += more;
          held += more;
          place.bytes += more;
          return true;
        },
        [Symbol.dispose]() {
          held -= mine;
          place.bytes -= mine;
          mine = 0;
          if (--place.open === 0) places.delete(name);
        },
      };
    },
  };
}
