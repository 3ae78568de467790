/** Colours of the paving, in style.css. */
const HUES = 6;

export interface Paving {
  /** Outline of the stones in a square of 4 by 4. */
  path: string;
  hue: number;
}

/**
 * The picture of an account without one: a pattern of paving stones, always the same for the same account. (Pictures of other servers are
 * not shown: loading them would tell those servers who reads what here.)
 */
export function pavingOf(accountId: number): Paving {
  let bits = scramble(accountId);
  const hue = bits % HUES;
  let path = '';
  // Two columns, mirrored: symmetry makes it an emblem rather than noise.
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 2; x++) {
      bits = scramble(bits);
      path += stone(x, y, bits % 5) + stone(3 - x, y, mirrored[bits % 5]!);
    }
  }
  return { path, hue };
}

/** 0 none, 1 whole, 2 falling and 3 rising half, 4 diamond. */
function stone(x: number, y: number, shape: number): string {
  const at = `M${x} ${y}`;
  switch (shape) {
    case 1:
      return `${at}h1v1h-1z`;
    case 2:
      return `${at}v1h1z`;
    case 3:
      return `M${x + 1} ${y}v1h-1z`;
    case 4:
      return `M${x + 0.5} ${y}l.5.5-.5.5-.5-.5z`;
    default:
      return '';
  }
}

const mirrored = [0, 1, 3, 2, 4];

/** Spreads a number over 32 bits (the finaliser of MurmurHash3). */
function scramble(n: number): number {
  let h = (n % 4_294_967_291) ^ Math.floor(n / 4_294_967_291);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
