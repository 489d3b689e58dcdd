import { type Entropy, equalBytes } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { ranges } from '../../../src/zk/bulletproofs/range.ts';
import { circuitClause } from '../../../src/zk/circuit/clause.ts';
import { mustFit } from '../../../src/zk/circuit/gadgets.ts';
import type { Clause } from '../../../src/zk/clause.ts';
import { scalars } from '../../../src/zk/group/group.ts';
import { commit, openingOf, VALUE_BASE } from '../../../src/zk/group/pedersen.ts';
import { linearRelation, nonZero, type Row } from '../../../src/zk/sigma/linear-relation.ts';
import { oneOutOfMany } from '../../../src/zk/sigma/one-out-of-many.ts';
import { readParts } from '../../../src/zk/transcript/parts.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { batchOf, predicateSpecimens } from '../malformed/specimens.ts';
import { seededEntropy, termsOf } from '../world.ts';
import { challengesOf } from './challenges.ts';

/** Entropy of a machine that was set back: the same bytes every time. */
const stuck: Entropy = { bytes: (length) => new Uint8Array(length).fill(7) };
const secret = 987_654_321_987_654_321n;
const rowsOf = (base: typeof VALUE_BASE): Row[] => [
  { image: termsOf(base.multiply(secret)), bases: [{ secret: 0, base }] },
];

function answered(clause: Clause, proof: Uint8Array): { z: bigint; c: bigint } {
  const parts = readParts(proof, 1, 1);
  const [challenge] = challengesOf(clause, proof);
  if (!parts.ok || challenge === undefined) throw new Error('a Schnorr proof');
  return { z: parts.value.scalars[0] as bigint, c: challenge.value };
}

/** What solves z = k + c·s for s where two proofs share k. */
function extracted(one: { z: bigint; c: bigint }, other: { z: bigint; c: bigint }): bigint {
  return scalars.div(scalars.sub(one.z, other.z), scalars.sub(one.c, other.c));
}

describe('entropy that repeats itself', () => {
  test('gives no secret away: two statements about one secret have masks of their own', () => {
    const [one, other] = [VALUE_BASE, VALUE_BASE.double()].map((base) => {
      const clause = linearRelation('s', rowsOf(base), [secret]);
      return answered(clause, clause.prove(new Transcript('test'), stuck));
    });
    if (one === undefined || other === undefined) throw new Error('two proofs');
    expect(extracted(one, other)).not.toBe(secret);
  });

  test('known bad: one mask for two challenges is the secret, by this very solution', () => {
    const [mask, c1, c2] = [5n, 11n, 13n];
    const at = (c: bigint) => ({ z: scalars.create(mask + c * secret), c });
    expect(extracted(at(c1), at(c2))).toBe(secret);
  });

  test('the same statement, secrets and entropy give the same proof, and nothing new', () => {
    const prove = () => linearRelation('s', rowsOf(VALUE_BASE), [secret]).prove(new Transcript('test'), stuck);
    expect(equalBytes(prove(), prove())).toBe(true);
  });
});

describe('masks follow from entropy, transcript and secrets, from each of them', () => {
  const maskOf = (entropy: Entropy, said: number, secrets: readonly bigint[]) => {
    const transcript = new Transcript('masks');
    transcript.absorbNumber('said', said);
    return Buffer.from(transcript.masks(entropy, secrets).bytes(64)).toString('hex');
  };
  const other: Entropy = { bytes: (length) => new Uint8Array(length).fill(8) };

  test('another of one of them is another mask', () => {
    const masks = [
      maskOf(stuck, 1, [1n, 2n]),
      maskOf(other, 1, [1n, 2n]),
      maskOf(stuck, 2, [1n, 2n]),
      maskOf(stuck, 1, [1n, 3n]),
      maskOf(stuck, 1, [1n]),
      maskOf(stuck, 1, []),
    ];
    expect(new Set(masks).size).toBe(masks.length);
  });

  test('no bytes come twice, however they are asked for', () => {
    const masks = new Transcript('masks').masks(stuck, [1n]);
    const blocks = [1, 32, 33, 64, 64, 7].map((length) => masks.bytes(length));
    expect(blocks.map(({ length }) => length)).toEqual([1, 32, 33, 64, 64, 7]);
    const heads = blocks.slice(1).map((block) => Buffer.from(block.subarray(0, 7)).toString('hex'));
    const tails = blocks.slice(3, 5).map((block) => Buffer.from(block.subarray(32, 39)).toString('hex'));
    expect(new Set([...heads, ...tails]).size).toBe(7);
  });

  test('the transcript does not move on: prover and verifier draw the same challenges', () => {
    const [one, other] = [new Transcript('masks'), new Transcript('masks')];
    one.masks(stuck, [1n]);
    expect(one.challenge('c')).toBe(other.challenge('c'));
  });

  test('entropy is asked for in every proof: 32 bytes at least, for a mask of 256 bits', () => {
    let drawn = 0;
    const counting: Entropy = {
      bytes: (length) => {
        drawn += length;
        return new Uint8Array(length);
      },
    };
    const before = drawn;
    linearRelation('s', rowsOf(VALUE_BASE), [secret]).prove(new Transcript('test'), counting);
    expect(drawn - before).toBe(32);
  });
});

/** The 32-byte elements of a proof, in hex. */
function elementsOf(proof: Uint8Array): string[] {
  return Array.from({ length: proof.length / 32 }, (_, i) =>
    Buffer.from(proof.subarray(32 * i, 32 * (i + 1))).toString('hex'),
  );
}

describe('what a proof shows of its witness', () => {
  test('proofs of one statement and witness have no element in common', () => {
    const entropy = seededEntropy('twice');
    const opening = openingOf(5n, entropy);
    const point = commit(opening);
    const members = [4n, 5n].map((value) => [...termsOf(point), { scalar: scalars.neg(value), point: VALUE_BASE }]);
    const clauses: Clause[] = [
      linearRelation('s', rowsOf(VALUE_BASE), [secret]),
      nonZero('n', point, opening),
      oneOutOfMany('m', members, { index: 1, blinding: opening.blinding }),
      ranges('r', [{ commitment: termsOf(point), max: 15n, opening }]),
      circuitClause('c', (builder, [x]) => void (x && mustFit(builder, x, 4)), [termsOf(point)], [opening]),
    ];
    for (const clause of clauses) {
      const twice = [1, 2].flatMap(() => elementsOf(clause.prove(new Transcript('test'), entropy)));
      expect(new Set(twice).size, clause.name).toBe(twice.length);
    }
  });

  test('proofs of different witnesses have one length and no element in common', () => {
    const proofs = batchOf(6).map(({ proof }) => elementsOf(proof));
    expect(new Set(proofs.map(({ length }) => length)).size).toBe(1);
    expect(new Set(proofs.flat()).size).toBe(proofs.flat().length);
  });

  test('no element of a presentation is a commitment of its statement or without a blinding', () => {
    for (const { name, proof } of predicateSpecimens()) {
      const bare = Array.from({ length: 300 }, (_, value) => commit({ value: BigInt(value), blinding: 0n }).toHex());
      expect(
        elementsOf(proof).filter((element) => bare.includes(element)),
        name,
      ).toEqual([]);
    }
  });

  test('answers of a proof say nothing of the secret: their low bits are even, whichever it is', () => {
    const entropy = seededEntropy('answers');
    const clauseOf = (value: bigint) => {
      const { blinding } = openingOf(value, entropy);
      return linearRelation(
        'o',
        [
          {
            image: termsOf(commit({ value, blinding })),
            bases: [{ secret: 0, base: VALUE_BASE }],
          },
        ],
        [value],
      );
    };
    for (const value of [0n, scalars.ORDER - 1n]) {
      const counts = new Array<number>(8).fill(0);
      const clause = clauseOf(value);
      for (let i = 0; i < 240; i++) {
        const low = (clause.prove(new Transcript('test'), entropy)[32] as number) & 7;
        counts[low] = (counts[low] ?? 0) + 1;
      }
      const chiSquare = counts.reduce((sum, count) => sum + (count - 30) ** 2 / 30, 0);
      expect(chiSquare, `${value}`).toBeLessThan(30); // 7 degrees of freedom: 1e-4
    }
  });
});
