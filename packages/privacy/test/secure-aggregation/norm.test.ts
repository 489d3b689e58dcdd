import { equalBytes, seededRandom, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import { addWords } from '@murmuration/kernels';
import { describe, expect, test } from 'vitest';
import { type AggregatorData, newAggregatorData } from '../../src/secure-aggregation/aggregator-state.ts';
import { proveNorm } from '../../src/secure-aggregation/client-proof.ts';
import type { ProofSecrets } from '../../src/secure-aggregation/client-state.ts';
import { type AggregationPlan, createPlan } from '../../src/secure-aggregation/index.ts';
import { applyMask, pairSign } from '../../src/secure-aggregation/masks.ts';
import { type ClientMessage, type MessageOf, readClientMessage } from '../../src/secure-aggregation/messages.ts';
import { challengeVectors, checkMask, dropUnproven, takeNormProof } from '../../src/secure-aggregation/norm-checks.ts';
import { drawProjections } from '../../src/secure-aggregation/projections.ts';
import { createWorld, devices, plainSum, runWorld, seededEntropy } from './world.ts';

const NORM = { bound: 2047, projections: 3 };
const LENGTH = 64;
/** L2 norm about 230: 2047 is beyond eight standard deviations of a projection. */
const BOUND = 50;

describe('in the whole protocol', () => {
  const options = { length: LENGTH, bound: BOUND, norm: NORM };
  const shortInput = () => {
    const random = seededRandom('short');
    return Int32Array.from({ length: LENGTH }, () => random.below(2 * BOUND + 1) - BOUND);
  };
  const short = Object.fromEntries(Array.from({ length: 5 }, (_, member) => [member, shortInput()]));

  test('short vectors are proven and summed exactly, with members lost before, at and after their proof', () => {
    const lost = (member: number) => (member === 1 ? 'shares' : member === 3 ? 'masked' : 'none');
    const world = createWorld({
      seedText: 'norm',
      size: 6,
      ...options,
      inputsOf: { ...short, 5: shortInput() },
    });
    const { result, refused, voided } = runWorld(world, lost);
    expect([refused, voided]).toEqual([[], undefined]);
    expect(result?.survivors).toEqual([0, 2, 4, 5]);
    expect(result?.unproven).toEqual([3]);
    expect([...(result?.sum ?? [])]).toEqual([...shortInput()].map((value) => 4 * value));
  });

  test('an over-large vector is refused, with an honest refusal to prove and with a proof of a larger bound', () => {
    const large = new Int32Array(LENGTH).fill(1_000_000);
    for (const [norm, wanted] of [
      [NORM, '2: vector-too-long'],
      [{ bound: 2 ** 28, projections: 3 }, 'server, 2: wrong-length'],
    ] as const) {
      const inputsOf = { ...short, 2: large };
      const planOf = (plan: AggregationPlan, member: number) => (member === 2 ? { ...plan, norm } : plan);
      const world = createWorld({ seedText: `large ${norm.bound}`, size: 5, ...options, inputsOf, planOf });
      const { result, refused } = runWorld(world);
      expect(refused).toContain(wanted);
      expect([result?.survivors, result?.unproven]).toEqual([[0, 1, 3, 4], [2]]);
      expect([...(result?.sum ?? [])]).toEqual([...shortInput()].map((value) => 4 * value));
    }
  });

  test('without the bound the same vector spoils the sum: positive control', () => {
    const inputsOf = { ...short, 2: new Int32Array(LENGTH).fill(1_000_000) };
    const world = createWorld({ seedText: 'control', size: 5, length: LENGTH, bound: BOUND, inputsOf });
    const { result } = runWorld(world);
    expect(result?.survivors).toEqual([0, 1, 2, 3, 4]);
    expect([...(result?.sum ?? [])]).not.toEqual(plainSum([0, 1, 3, 4].map(shortInput), [0, 1, 2, 3]));
    expect(result?.outOfRange).toBe(LENGTH);
  });
});

type NormProof = MessageOf<ClientMessage, 'norm-proof'>;

/** A server that holds the vectors of a group, whose seeds the test knows, and what each member proves. */
class Bench {
  readonly plan = createPlan({
    ...{ job: 'job', round: 1, group: 0, members: devices(4), seed: sha3_256(utf8('ring')) },
    ...{ length: LENGTH, bound: BOUND, norm: NORM },
  });
  readonly data: AggregatorData = newAggregatorData({ keyOf: () => undefined }, this.plan);
  private readonly members = [0, 1, 2, 3];
  private readonly secrets: ProofSecrets[];

  constructor(inputs: readonly Int32Array[]) {
    this.secrets = this.members.map((self) => {
      const words = (inputs[self] as Int32Array).slice();
      const selfSeed = this.seed(self, self);
      applyMask(words, selfSeed, 1);
      const pairSeeds = new Map<number, Uint8Array>();
      for (const other of this.members) {
        if (other === self) continue;
        pairSeeds.set(other, this.seed(self, other));
        applyMask(words, this.seed(self, other), pairSign(self, other));
      }
      return { words, selfSeed, pairSeeds };
    });
    this.data.sharers = new Set(this.members);
    for (const [member, { words }] of this.secrets.entries()) {
      this.data.survivors.add(member);
      this.data.norm?.vectors.set(member, words.slice());
      addWords(this.data.sum, words);
    }
    challengeVectors(this.data, sha3_256(utf8('challenge')));
  }

  seed(a: number, b: number): Uint8Array {
    return sha3_256(utf8(`seed ${Math.min(a, b)} ${Math.max(a, b)}`));
  }

  /** @param change what a liar says its masks were */
  prove(self: number, change: Partial<ProofSecrets> = {}, vector?: Int32Array): string {
    const made = this.proofOf(self, change, vector);
    return typeof made === 'string' ? made : this.take(self, made);
  }

  take(self: number, message: NormProof): string {
    const taken = takeNormProof(this.data, self, message);
    return taken.ok ? 'taken' : taken.reason;
  }

  proofOf(self: number, change: Partial<ProofSecrets> = {}, vector?: Int32Array): NormProof | string {
    const { plan } = this;
    const own = this.secrets[self] as ProofSecrets;
    // A liar whose proof is about another vector than it sent.
    const words = (vector ?? own.words).slice();
    const seeds = [...(change.pairSeeds ?? own.pairSeeds)];
    const pairSeeds = new Map(seeds.map(([other, seed]) => [other, seed.slice()]));
    const proof = { words, selfSeed: own.selfSeed.slice(), ...change, pairSeeds };
    const deps = {
      signer: createSigner(new Uint8Array(32)),
      keyOf: () => undefined,
      isCommitted: () => false,
      entropy: seededEntropy(`prover ${self}`),
    };
    const challenge = sha3_256(utf8('challenge'));
    const moved = proveNorm(
      { plan, self, deps, input: new Int32Array(0) },
      { phase: 'masked', held: new Map(), proof },
      { kind: 'challenge', challenge },
    );
    if (!moved.ok) return moved.reason;
    const [effect] = moved.value.effects;
    const read = effect?.kind === 'send' ? readClientMessage(effect.bytes, LENGTH) : undefined;
    if (read?.ok !== true || read.value.kind !== 'norm-proof') return 'no proof';
    return read.value;
  }
}

describe('liars, one by one', () => {
  const zeros = () => new Int32Array(LENGTH);
  /** Under the mask of `to` in place of that of `from` this vector looks as if it were nothing. */
  const difference = (from: Uint8Array, to: Uint8Array, sign: 1 | -1) => {
    const vector = zeros();
    applyMask(vector, to, sign);
    applyMask(vector, from, sign === 1 ? -1 : 1);
    return vector;
  };
  const other = sha3_256(utf8('another seed'));

  test('who says another mask of a pair than its neighbour takes one neighbour along, and the sum is of the rest', () => {
    const bench = new Bench([zeros(), zeros(), zeros(), zeros()]);
    const lie = difference(bench.seed(0, 1), other, pairSign(1, 0));
    const lying = new Bench([zeros(), lie, zeros(), zeros()]);
    expect(lying.prove(1)).toBe('vector-too-long');
    const pairSeeds = new Map([0, 2, 3].map((member) => [member, member === 0 ? other : lying.seed(1, member)]));
    expect(lying.prove(1, { pairSeeds })).toBe('taken');
    for (const member of [0, 2, 3]) expect(lying.prove(member)).toBe('taken');
    dropUnproven(lying.data);
    expect([...lying.data.survivors]).toEqual([2, 3]);
    expect(lying.data.norm?.unproven).toEqual([0, 1]);
  });

  test('who says another self mask is named when the masks come off', () => {
    const bench = new Bench([zeros(), zeros(), zeros(), zeros()]);
    const lying = new Bench([zeros(), difference(bench.seed(1, 1), other, 1), zeros(), zeros()]);
    expect(lying.prove(1, { selfSeed: other.slice() })).toBe('taken');
    expect(lying.prove(0)).toBe('taken');
    expect(checkMask(lying.data, 1, lying.seed(1, 1))).toMatchObject({ ok: false, reason: 'false-masks' });
    expect(checkMask(lying.data, 0, lying.seed(0, 0)).ok).toBe(true);
  });

  test('who says another mask shared with a dropout is named when that mask is found', () => {
    const bench = new Bench([zeros(), zeros(), zeros(), zeros()]);
    const lying = new Bench([zeros(), difference(bench.seed(0, 1), other, pairSign(1, 0)), zeros(), zeros()]);
    const pairSeeds = new Map([0, 2, 3].map((member) => [member, member === 0 ? other : lying.seed(1, member)]));
    expect(lying.prove(1, { pairSeeds })).toBe('taken');
    expect(checkMask(lying.data, 1, lying.seed(1, 0), 0)).toMatchObject({ ok: false, reason: 'false-masks' });
    expect(checkMask(lying.data, 1, lying.seed(1, 2), 2).ok).toBe(true);
  });

  test('a proof about another vector, for another member or with a changed bit does not hold', () => {
    const bench = new Bench([zeros(), zeros(), zeros(), zeros()]);
    const changed = Int32Array.from(bench.data.norm?.vectors.get(2) ?? zeros());
    changed[5] = (changed[5] as number) + 1;
    expect(bench.prove(2, {}, changed)).toBe('false-proof');
    const made = bench.proofOf(2);
    if (typeof made === 'string') throw new Error(made);
    expect(bench.take(1, made)).toBe('other-neighbours');
    const flip = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
    const random = seededRandom('flips');
    for (let i = 0; i < 12; i++) {
      const proof = flip(made.proof, random.below(8 * made.proof.length));
      expect([i, bench.take(2, { ...made, proof })]).not.toEqual([i, 'taken']);
    }
    expect(bench.take(2, { ...made, self: flip(made.self, 3) })).not.toBe('taken');
    expect(bench.take(2, { ...made, pairs: made.pairs.slice(1) })).toBe('other-neighbours');
    expect(bench.take(2, { ...made, proof: made.proof.subarray(0, -1) })).toBe('wrong-length');
    expect(bench.data.norm?.proven.size).toBe(0);
  });

  test('two colluders who agree on a false mask shift between themselves only: their sum is held to the bound', () => {
    const bench = new Bench([zeros(), zeros(), zeros(), zeros()]);
    const up = difference(bench.seed(1, 2), other, pairSign(1, 2));
    const down = difference(bench.seed(1, 2), other, pairSign(2, 1));
    const lying = new Bench([zeros(), up, down, zeros()]);
    const seeds = (self: number, mate: number) =>
      new Map([0, 1, 2, 3].filter((m) => m !== self).map((m) => [m, m === mate ? other : lying.seed(self, m)]));
    expect(lying.prove(1, { pairSeeds: seeds(1, 2) })).toBe('taken');
    expect(lying.prove(2, { pairSeeds: seeds(2, 1) })).toBe('taken');
    for (const member of [0, 3]) expect(lying.prove(member)).toBe('taken');
    dropUnproven(lying.data);
    expect([...lying.data.survivors]).toEqual([0, 1, 2, 3]);
    for (const member of [0, 1, 2, 3]) applyMask(lying.data.sum, lying.seed(member, member), -1);
    expect(lying.data.sum).toEqual(zeros());
  });
});

describe('projections modulo 2^32', () => {
  const draws = 400;
  const passing = (vector: Int32Array, bound: number) => {
    let passed = 0;
    for (let i = 0; i < draws; i++) {
      const [p] = drawProjections(sha3_256(utf8(`draw ${i}`)), 1, vector.length).of(vector);
      if (Math.abs((p as number) | 0) <= bound) passed++;
    }
    return passed / draws;
  };

  test('no vector with a number beyond twice the bound passes one of them more often than every other time', () => {
    // 2^31 is its own negative, and any two of them cancel: signs alone would let these pass always.
    const half = new Int32Array(8);
    half.fill(-(2 ** 31), 0, 2);
    const vectors = [
      half,
      Int32Array.of(201),
      Int32Array.of(2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30),
      new Int32Array(50).fill(-(2 ** 31)),
    ];
    for (const vector of vectors) expect(passing(vector, 100)).toBeLessThan(0.5 + 4 * Math.sqrt(0.25 / draws));
    expect(passing(Int32Array.of(30, -40), 100)).toBe(1);
  });

  test('a mask projects as what is masked with it: linear modulo 2^32', () => {
    const random = seededRandom('linear');
    const projections = drawProjections(sha3_256(utf8('linear')), 40, 300);
    const vector = Int32Array.from({ length: 300 }, () => random.uint32() | 0);
    const seed = sha3_256(utf8('mask'));
    const masked = vector.slice();
    applyMask(masked, seed, -1);
    const mask = projections.ofMask(seed);
    const whole = projections.of(vector);
    expect(projections.of(masked)).toEqual(whole.map((p, j) => (p - (mask[j] as number)) >>> 0));
    expect(equalBytes(Uint8Array.from(mask), Uint8Array.from(whole))).toBe(false);
  });
});
