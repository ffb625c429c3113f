/** A small seeded generator of random numbers (mulberry32): equal seeds give equal logs everywhere. Not for secrets. */
export interface Random {
  /** 0 ≤ n < 1 */
  next(): number;
  /** 0 ≤ n < bound, whole */
  int(bound: number): number;
  pick<T>(items: readonly T[]): T;
  /** True once in `n` on average. */
  oneIn(n: number): boolean;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    int,
    pick: (items) => items[int(items.length)]!,
    oneIn: (n) => int(n) === 0,
  };
}

/** A seed for one of several independent streams. */
export function streamSeed(seed: number, stream: number): number {
  return Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(stream + 1, 0xc2b2ae35);
}
