import { assert } from '../errors/assert.ts';

/**
 * Chance that must replay: simulations, sampling, splits. Never for secrets; those come from `Entropy`,
 * which is another type on purpose.
 */
export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform integer in [0, bound), 1 ≤ bound ≤ 2^32, without modulo bias. */
  below(bound: number): number;
  /** Uniform in [0, 1) on a grid of 2^-32. */
  unit(): number;
  /** An independent stream named by `label`: consuming one never shifts the other. */
  fork(label: string): Random;
}

/** sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded by xmur3 of `seed`. Integer arithmetic only. */
export function seededRandom(seed: number | string): Random {
  return new Sfc32(String(seed));
}

class Sfc32 implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private readonly seed: string;

  constructor(seed: string) {
    this.seed = seed;
    const next = xmur3(seed);
    this.a = next();
    this.b = next();
    this.c = next();
    for (let i = 0; i < 12; i++) this.uint32();
  }

  uint32(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    this.c |= 0;
    return t >>> 0;
  }

  below(bound: number): number {
    assert(
      Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32,
      `bound ${bound} is not an integer from 1 to 2^32`,
    );
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return draw % bound;
  }

  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  fork(label: string): Random {
    return new Sfc32(`${this.seed}/${label}`);
  }
}

/** A string hash that yields as many 32-bit seeds as are asked for (bryc's xmur3, from MurmurHash3's mixer). */
function xmur3(text: string): () => number {
  let h = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  return () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h ^= h >>> 16;
    return h;
  };
}

/** Fisher-Yates, in place. */
export function shuffle<T>(random: Random, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
