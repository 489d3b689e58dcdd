import { expect, test } from 'vitest';
import { weightsTo } from '../../../src/zk/bulletproofs/bits.ts';
import { corePoints, proveBits } from '../../../src/zk/bulletproofs/range-core.ts';
import { IDENTITY, type Point, scalars } from '../../../src/zk/group/group.ts';
import { BLINDING_BASE, commit, openingOf, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { readParts } from '../../../src/zk/transcript/parts.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { seededEntropy, termsOf } from '../world.ts';

const { add, mul, sub, inv, sqr, create, pow } = {
  add: (a: bigint, b: bigint) => scalars.add(a, b),
  mul: (a: bigint, b: bigint) => scalars.mul(a, b),
  sub: (a: bigint, b: bigint) => scalars.sub(a, b),
  inv: (a: bigint) => scalars.inv(a),
  sqr: (a: bigint) => scalars.sqr(a),
  create: (a: bigint) => scalars.create(a),
  pow: (a: bigint, power: bigint) => scalars.pow(a, power),
};
const times = (point: Point, scalar: bigint) => point.multiplyUnsafe(create(scalar));

/**
 * The verifier of Bulletproofs as the paper writes it (§4.1, figure 3, and protocol 2): bases are folded round by
 * round, every product is computed by itself, nothing is combined or batched.
 */
test('an 8-bit proof satisfies the equations of the paper, recomputed one by one', () => {
  const entropy = seededEntropy('definition');
  const opening = openingOf(0xa5n, entropy);
  const V = commit(opening);
  const weights = weightsTo(255n);
  const statement = { size: 8, sums: [{ commitment: termsOf(V), from: 0, weights }] };
  const bits = weights.map((_, i) => Number((0xa5n >> BigInt(i)) & 1n));
  const { proof } = proveBits(statement, { bits, blindings: [opening.blinding] }, new Transcript('d'), entropy);
  const parts = readParts(proof, corePoints(8), 5);
  if (!parts.ok) throw new Error(parts.reason);
  const { points, encoded } = parts.value;
  const [t = 0n, tau = 0n, mu = 0n, a = 0n, b = 0n] = parts.value.scalars;
  const [A = IDENTITY, S = IDENTITY, T1 = IDENTITY, T2 = IDENTITY] = points;

  const transcript = new Transcript('d');
  const say = (label: string, i: number) => transcript.absorb(label, encoded[i] ?? new Uint8Array());
  say('A', 0);
  say('S', 1);
  const [y, z] = [transcript.challenge('y'), transcript.challenge('z')];
  say('T1', 2);
  say('T2', 3);
  const x = transcript.challenge('x');
  transcript.absorbScalars('answers', [t, tau, mu]);
  const w = transcript.challenge('w');

  // (65): g^t h^tau = V^(z^2) g^delta T1^x T2^(x^2)
  let delta = 0n;
  for (let i = 0n; i < 8n; i++) {
    delta = add(delta, mul(sub(z, sqr(z)), pow(y, i)));
    delta = sub(delta, mul(pow(z, 3n), pow(2n, i)));
  }
  const right = times(V, sqr(z))
    .add(times(VALUE_BASE, delta))
    .add(times(T1, x))
    .add(times(T2, sqr(x)));
  expect(times(VALUE_BASE, t).add(times(BLINDING_BASE, tau)).equals(right)).toBe(true);

  // (66), (67): P = A S^x g^(-z) h'^(z y + z^2 2), less mu, plus t on the base w·G
  let g = [...vectorBases('g', 8)];
  let h = vectorBases('h', 8).map((point, i) => times(point, inv(pow(y, BigInt(i)))));
  let P = A.add(times(S, x))
    .subtract(times(BLINDING_BASE, mu))
    .add(times(VALUE_BASE, mul(w, t)));
  for (let i = 0; i < 8; i++) {
    const power = BigInt(i);
    P = P.subtract(times(g[i] ?? IDENTITY, z));
    P = P.add(times(h[i] ?? IDENTITY, add(mul(z, pow(y, power)), mul(sqr(z), pow(2n, power)))));
  }
  // Protocol 2, folding.
  for (let round = 0; round < 3; round++) {
    say('L', 4 + 2 * round);
    say('R', 5 + 2 * round);
    const u = transcript.challenge('u');
    const half = g.length / 2;
    const folded = (bases: Point[], low: bigint, high: bigint) =>
      bases.slice(0, half).map((point, i) => times(point, low).add(times(bases[i + half] ?? IDENTITY, high)));
    [g, h] = [folded(g, inv(u), u), folded(h, u, inv(u))];
    P = P.add(times(points[4 + 2 * round] ?? IDENTITY, sqr(u)));
    P = P.add(times(points[5 + 2 * round] ?? IDENTITY, sqr(inv(u))));
  }
  const last = times(g[0] ?? IDENTITY, a).add(times(h[0] ?? IDENTITY, b));
  expect(P.equals(last.add(times(VALUE_BASE, mul(w, mul(a, b)))))).toBe(true);
});
