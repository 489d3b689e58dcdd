import type { FeatureMatrix } from '../dataset.ts';

/** How text becomes features. */
export interface NgramOptions {
  /** Buckets that n-grams are hashed to, 16 to 65536. */
  readonly features: number;
  /** Lengths of the character n-grams that count. */
  readonly lengths: readonly number[];
}

/**
 * Character n-grams of each text, its start and end marked, hashed by 32-bit FNV-1a to buckets. A bucket
 * holds √count, so a row has the norm √(number of n-grams), 5 to 6 for most names. (Scaled to norm 1 the
 * same model needed twice the rounds.) Integers and √ only, so equal on every machine.
 */
export function ngramFeatures(texts: readonly string[], { features, lengths }: NgramOptions): FeatureMatrix {
  const offsets = new Uint32Array(texts.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (const [row, text] of texts.entries()) {
    const counts = countBuckets(` ${text} `, features, lengths);
    for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
      columns.push(bucket);
      values.push(Math.sqrt(count));
    }
    offsets[row + 1] = columns.length;
  }
  return { kind: 'sparse', offsets, columns: Uint16Array.from(columns), values: Float32Array.from(values) };
}

function countBuckets(text: string, features: number, lengths: readonly number[]): Map<number, number> {
  const characters = Array.from(text, (character) => character.codePointAt(0) as number);
  const counts = new Map<number, number>();
  for (const length of lengths) {
    for (let from = 0; from + length <= characters.length; from++) {
      const bucket = fnv1a(characters, from, length) % features;
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  }
  return counts;
}

/** FNV-1a of the n-gram's code points, three bytes each, low byte first, after its length. */
function fnv1a(characters: readonly number[], from: number, length: number): number {
  let hash = step(0x811c9dc5, length);
  for (let i = from; i < from + length; i++) {
    const character = characters[i] as number;
    hash = step(step(step(hash, character & 255), (character >>> 8) & 255), character >>> 16);
  }
  return hash >>> 0;
}

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}
