import { type Entropy, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type Clause, proveAll, verifyAll } from '../../src/zk/clause.ts';
import { type Point, scalars } from '../../src/zk/group/group.ts';
import type { Term } from '../../src/zk/transcript/equations.ts';
import { Transcript } from '../../src/zk/transcript/transcript.ts';

/** Bytes that follow from a seed, so that a failure replays. */
export function seededEntropy(seed: string): Entropy {
  let count = 0;
  return {
    bytes: (length) => {
      const result = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        result.set(sha3_256(utf8(`${seed}/${count++}`)).subarray(0, Math.min(32, length - at)), at);
      }
      return result;
    },
  };
}

export function termsOf(point: Point): readonly Term[] {
  return [{ scalar: 1n, point }];
}

export function proofOf(clause: Clause, seed = 'proof'): Uint8Array {
  return proveAll([clause], new Transcript('test'), seededEntropy(seed));
}

/** What becomes of a clause's proof under a clause made without openings. */
export function verdict(proof: Uint8Array, clause: Clause): string {
  const result = verifyAll([clause], new Transcript('test'), proof);
  return result.ok ? 'holds' : result.reason;
}

/** Σ scalar × point, one multiplication after the other: what the fast ways must equal. */
export function naiveSum(points: readonly Point[], weights: readonly bigint[], zero: Point): Point {
  return points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalars.create(weights[i] as bigint))), zero);
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}
