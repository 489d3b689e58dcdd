import { encode } from '@murmuration/core';
import { expect, test } from 'vitest';
import { verifyRangeBatch } from '../../../src/zk/bulletproofs/range.ts';
import { flipBit } from '../world.ts';
import { deaf, everyBit, everyByte, flipEach } from './flips.ts';
import { batchOf, bulletproof64, clauseSpecimens, predicateSpecimens, presentationSchema } from './specimens.ts';

/** Hundreds of verifications, seconds of processor time: minutes on a machine that is busy. */
const PATIENCE = { timeout: 900_000 };

const clauses = clauseSpecimens();
const predicates = predicateSpecimens();

test.each(clauses)('$name: one flipped bit in each byte of a proof is refused', PATIENCE, (specimen) => {
  expect(specimen.judge(specimen.proof)).toBe('holds');
  const { tried, accepted } = flipEach(specimen, everyByte(specimen.proof));
  expect(accepted).toEqual([]);
  expect(tried).toBe(specimen.proof.length);
});

test('Schnorr: every flipped bit is refused, all 512', PATIENCE, () => {
  const [schnorr] = clauses;
  if (schnorr === undefined) throw new Error('the first specimen');
  expect(flipEach(schnorr, everyBit(schnorr.proof))).toMatchObject({ tried: 512, accepted: [] });
});

test('64 bits: one flipped bit in each of the 21 elements is refused', PATIENCE, () => {
  const specimen = bulletproof64();
  expect(flipEach(specimen, everyByte(specimen.proof, 32 - 1))).toMatchObject({ tried: 22, accepted: [] });
});

// Every bit of these is flipped by `npm run sim -- proofs --seeds 64`.
test.each([...predicates.map((specimen) => ({ ...specimen, stride: specimen.points > 15 ? 31 : 7 }))])(
  '$name: a flipped bit in every element, at moving places, is refused',
  ({ stride, ...specimen }) => {
    expect(specimen.judge(specimen.proof)).toBe('holds');
    const { tried, accepted } = flipEach(specimen, everyByte(specimen.proof, stride));
    expect(accepted).toEqual([]);
    expect(tried).toBeGreaterThanOrEqual(specimen.points + specimen.scalars);
  },
);

test.each(predicates)('$name: every flipped bit of its envelope is refused', PATIENCE, ({ wire, proof, judgeWire }) => {
  expect(judgeWire(wire)).toBe('holds');
  // Verifier, epoch, nullifier and the proof's length come before the proof.
  const bits = everyBit(wire.subarray(0, wire.length - proof.length));
  expect(flipEach({ proof: wire, judge: judgeWire }, bits).accepted).toEqual([]);
});

test.each(predicates)('$name: cut short anywhere, or with bytes after its end, is no presentation', (specimen) => {
  const { wire, envelope, proof, judgeWire, judge } = specimen;
  for (let length = 0; length < wire.length; length++) {
    expect(judgeWire(wire.subarray(0, length)), `${length} bytes`).toBe('bad-presentation');
  }
  expect(judgeWire(Uint8Array.from([...wire, 0]))).toBe('bad-presentation');
  expect(judge(Uint8Array.from([...proof, ...new Uint8Array(32)]))).toBe('wrong-length');
  expect(judgeWire(encode(presentationSchema, { ...envelope, proof: new Uint8Array(0) }))).toBe('wrong-length');
});

test('batch: a flipped bit in one element after the other spoils that proof and no other', PATIENCE, () => {
  const batch = batchOf(3);
  const [first, second, third] = batch;
  if (first === undefined || second === undefined || third === undefined) throw new Error('a batch of three');
  for (const bit of everyByte(second.proof, 31)) {
    const spoiled = [first, { ...second, proof: flipBit(second.proof, bit) }, third];
    expect(
      verifyRangeBatch(spoiled).map(({ ok }) => ok),
      `bit ${bit}`,
    ).toEqual([true, false, true]);
  }
});

test('batch: the same bit flipped in two proofs spoils both', () => {
  const [first, second, third] = batchOf(3);
  if (first === undefined || second === undefined || third === undefined) throw new Error('a batch of three');
  for (const bit of [3, 8 * 256 + 1, 8 * 415]) {
    const spoiled = [first, second].map(({ statement, proof }) => ({ statement, proof: flipBit(proof, bit) }));
    expect(verifyRangeBatch([...spoiled, third]).map(({ ok }) => ok)).toEqual([false, false, true]);
  }
});

test('known bad: a verifier that is deaf to one bit of each element is found, bit by bit', () => {
  const [schnorr] = clauses;
  if (schnorr === undefined) throw new Error('the first specimen');
  expect(flipEach(deaf(schnorr), everyBit(schnorr.proof)).accepted).toEqual([255, 511]);
});
