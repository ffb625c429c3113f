/**
 * Chance from a seed: sfc32 (C. Doty-Humphrey), seeded by a hash of the seed and a label. Each part of a world draws
 * from a stream of its own, so that a fault that is taken out of a world changes no other part's luck.
 *
 * Only additions, multiplications and shifts of 32 bits: every Node gives the same numbers.
 */
export class Chance {
  readonly #key: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any text or number */
  constructor(seed: string | number) {
    this.#key = String(seed);
    this.#a = hash(`${this.#key}/a`);
    this.#b = hash(`${this.#key}/b`);
    this.#c = hash(`${this.#key}/c`);
    for (let i = 0; i < 12; i++) this.#next32();
  }

  /** Another stream: the same label gives the same one, whatever was drawn before. */
  fork(label: string | number): Chance {
    return new Chance(`${this.#key}/${label}`);
  }

  /** 0 ≤ x < 1 */
  readonly next = (): number => this.#next32() / 0x1_0000_0000;

  /** A whole number, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.int(0, list.length - 1)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  /** Larger numbers are rarer: most are near `from`, some near `to`. */
  skewed(from: number, to: number): number {
    return from + this.next() * this.next() * this.next() * (to - from);
  }

  shuffled<T>(list: readonly T[]): T[] {
    const all = [...list];
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [all[i], all[j]] = [all[j] as T, all[i] as T];
    }
    return all;
  }

  #next32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

/** FNV-1a with murmur3's finalizer, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) | 0;
}
