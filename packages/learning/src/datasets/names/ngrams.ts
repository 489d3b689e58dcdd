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
  const marked = texts.map((text) => Array.from(` ${text} `, (character) => character.codePointAt(0) as number));
  const most = marked.reduce((sum, characters) => sum + characters.length * lengths.length, 0);
  const offsets = new Uint32Array(texts.length + 1);
  const columns = new Uint16Array(most);
  const values = new Float32Array(most);
  const counts = new Uint32Array(features);
  for (const [row, characters] of marked.entries()) {
    const from = offsets[row] as number;
    let end = from;
    for (const bucket of buckets(characters, features, lengths)) {
      if (counts[bucket] === 0) columns[end++] = bucket;
      counts[bucket] = (counts[bucket] as number) + 1;
    }
    columns.subarray(from, end).sort();
    for (let at = from; at < end; at++) {
      const bucket = columns[at] as number;
      values[at] = Math.sqrt(counts[bucket] as number);
      counts[bucket] = 0;
    }
    offsets[row + 1] = end;
  }
  const total = offsets[texts.length] as number;
  return { kind: 'sparse', offsets, columns: columns.slice(0, total), values: values.slice(0, total) };
}

/** @returns the bucket of each n-gram */
function buckets(characters: readonly number[], features: number, lengths: readonly number[]): number[] {
  const found: number[] = [];
  for (const length of lengths) {
    for (let from = 0; from + length <= characters.length; from++) {
      found.push(fnv1a(characters, from, length) % features);
    }
  }
  return found;
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
