import { expect, test } from 'vitest';
import { IDENTITY, randomScalar, scalars } from '../../../src/zk/group/group.ts';
import { BLINDING_BASE, commit, openingOf, VALUE_BASE, vectorBases } from '../../../src/zk/group/pedersen.ts';
import { knowsOpening, linearRelation, nonZero, type Row } from '../../../src/zk/sigma/linear-relation.ts';
import { readParts } from '../../../src/zk/transcript/parts.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';
import { flipBit, proofOf, seededEntropy, termsOf, verdict } from '../world.ts';

const entropy = seededEntropy('linear relation');
const secret = randomScalar(entropy);
const [U = IDENTITY] = vectorBases('g', 1);
const knowledge: Row[] = [{ image: termsOf(VALUE_BASE.multiply(secret)), bases: [{ secret: 0, base: VALUE_BASE }] }];
const equality: Row[] = [...knowledge, { image: termsOf(U.multiply(secret)), bases: [{ secret: 0, base: U }] }];

test('knowledge: who knows the logarithm convinces, who does not is refused', () => {
  expect(verdict(proofOf(linearRelation('k', knowledge, [secret])), linearRelation('k', knowledge))).toBe('holds');
  expect(verdict(proofOf(linearRelation('k', knowledge, [secret + 1n])), linearRelation('k', knowledge))).toBe(
    'false-proof',
  );
});

test('by definition: z·G = T + c·P, recomputed one multiplication at a time', () => {
  const proof = proofOf(linearRelation('k', knowledge, [secret]));
  const parts = readParts(proof, 1, 1);
  if (!parts.ok) throw new Error(parts.reason);
  const transcript = new Transcript('test');
  transcript.absorb('clause', new TextEncoder().encode('k'));
  transcript.absorbTerms('image', knowledge[0]?.image ?? []);
  transcript.absorbTerms('bases', [{ scalar: 0n, point: VALUE_BASE }]);
  transcript.absorb('T', proof.subarray(0, 32));
  const c = transcript.challenge('c');
  const [T = IDENTITY] = parts.value.points;
  const right = T.add(VALUE_BASE.multiply(secret).multiply(c));
  expect(VALUE_BASE.multiply(parts.value.scalars[0] ?? 0n).equals(right)).toBe(true);
});

test('a statement cannot be chosen to fit a proof: P = (z·G - T) / c, where c forgets P', () => {
  const T = VALUE_BASE.multiply(5n);
  const transcript = new Transcript('test');
  transcript.absorb('clause', new TextEncoder().encode('k'));
  transcript.absorb('T', T.toBytes());
  const c = transcript.challenge('c');
  const fitted = U.add(T.negate()).multiply(scalars.inv(c));
  const rows: Row[] = [{ image: termsOf(fitted), bases: [{ secret: 0, base: U }] }];
  const forged = Uint8Array.from([...T.toBytes(), ...scalars.toBytes(1n)]);
  expect(T.add(fitted.multiply(c)).equals(U)).toBe(true);
  expect(verdict(forged, linearRelation('k', rows))).toBe('false-proof');
});

test('equality: two images of one secret pass, of two secrets are refused', () => {
  expect(verdict(proofOf(linearRelation('e', equality, [secret])), linearRelation('e', equality))).toBe('holds');
  const apart: Row[] = [...knowledge, { image: termsOf(U.multiply(7n)), bases: [{ secret: 0, base: U }] }];
  expect(verdict(proofOf(linearRelation('e', apart, [secret])), linearRelation('e', apart))).toBe('false-proof');
  expect(verdict(proofOf(linearRelation('e', apart, [7n])), linearRelation('e', apart))).toBe('false-proof');
});

test('linear relation: an opening passes, another value or blinding is refused', () => {
  const opening = openingOf(99n, entropy);
  const rows = [knowsOpening(commit(opening))];
  const attempt = (value: bigint, blinding: bigint) =>
    verdict(proofOf(linearRelation('o', rows, [value, blinding])), linearRelation('o', rows));
  expect(attempt(99n, opening.blinding)).toBe('holds');
  expect(attempt(98n, opening.blinding)).toBe('false-proof');
  expect(attempt(99n, opening.blinding + 1n)).toBe('false-proof');
});

test('not zero: any other value passes, zero is refused', () => {
  for (const value of [1n, 5n, scalars.ORDER - 1n]) {
    const opening = openingOf(value, entropy);
    const point = commit(opening);
    expect(verdict(proofOf(nonZero('n', point, opening)), nonZero('n', point))).toBe('holds');
  }
  const zero = openingOf(0n, entropy);
  expect(verdict(proofOf(nonZero('n', commit(zero), zero)), nonZero('n', commit(zero)))).toBe('false-proof');
  expect(commit({ value: 0n, blinding: 3n }).equals(BLINDING_BASE.multiply(3n))).toBe(true);
});

test('every single flipped bit of a proof is refused', () => {
  const proof = proofOf(linearRelation('k', knowledge, [secret]));
  const clause = linearRelation('k', knowledge);
  for (let bit = 0; bit < 8 * proof.length; bit++) {
    expect(verdict(flipBit(proof, bit), clause), `bit ${bit}`).not.toBe('holds');
  }
});

test('a proof of another name, of another length or with a scalar moved up by the order is refused', () => {
  const proof = proofOf(linearRelation('k', knowledge, [secret]));
  expect(verdict(proof, linearRelation('other', knowledge))).toBe('false-proof');
  expect(verdict(proof.subarray(0, 63), linearRelation('k', knowledge))).toBe('wrong-length');
  expect(verdict(Uint8Array.from([...proof, 0]), linearRelation('k', knowledge))).toBe('wrong-length');
  const answer = Buffer.from(proof.subarray(32)).reverse().toString('hex');
  const moved = (BigInt(`0x${answer}`) + scalars.ORDER).toString(16).padStart(64, '0');
  const malleable = Uint8Array.from([...proof.subarray(0, 32), ...Buffer.from(moved, 'hex').reverse()]);
  expect(verdict(malleable, linearRelation('k', knowledge))).toBe('bad-scalar');
});
