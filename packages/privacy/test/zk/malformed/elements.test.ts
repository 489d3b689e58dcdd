import { expect, test } from 'vitest';
import { scalars } from '../../../src/zk/group/group.ts';
import { bulletproof64, clauseSpecimens, predicateSpecimens, type Specimen } from './specimens.ts';

const specimens: readonly Specimen[] = [...clauseSpecimens(), bulletproof64(), ...predicateSpecimens()];
/** Without network policy, whose 112 elements are those of the other proofs and take seconds to go through. */
const short = specimens.filter(({ points }) => points < 50);
/** Of the field under the curve: 2^255 - 19. */
const FIELD = 2n ** 255n - 19n;
const BYTES = 32;
/** Hundreds of verifications, seconds of processor time: minutes on a machine that is busy. */
const PATIENCE = { timeout: 900_000 };

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: BYTES }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** What the verifier says of the proof with each element in turn replaced. */
function replacing({ proof, judge }: Specimen, by: (element: Uint8Array) => Uint8Array): string[] {
  return Array.from({ length: proof.length / BYTES }, (_, i) => {
    const changed = Uint8Array.from(proof);
    changed.set(by(proof.subarray(i * BYTES, (i + 1) * BYTES)), i * BYTES);
    return judge(changed);
  });
}

function countOf(answers: readonly string[], reason: string): number {
  return answers.filter((answer) => answer === reason).length;
}

test.each(specimens)('$name consists of the points and scalars that the paper counts', PATIENCE, (specimen) => {
  expect(specimen.proof.length).toBe(BYTES * (specimen.points + specimen.scalars));
  expect(specimen.judge(specimen.proof)).toBe('holds');
});

test.each(specimens)(
  '$name: the identity is refused in the place of every point, and zero of every scalar',
  PATIENCE,
  (specimen) => {
    const answers = replacing(specimen, () => new Uint8Array(BYTES));
    expect(countOf(answers, 'identity-point')).toBe(specimen.points);
    expect(countOf(answers, 'false-proof')).toBe(specimen.scalars);
  },
);

test.each(specimens)('$name: the group order is refused in the place of every scalar', PATIENCE, (specimen) => {
  const answers = replacing(specimen, () => littleEndian(scalars.ORDER));
  expect(countOf(answers, 'bad-scalar')).toBe(specimen.scalars);
  expect(answers).not.toContain('holds');
});

test.each(short)(
  '$name: what is above the group order is refused in the place of every scalar',
  PATIENCE,
  (specimen) => {
    for (const value of [scalars.ORDER + 1n, 2n ** 255n, 2n ** 256n - 1n]) {
      const answers = replacing(specimen, () => littleEndian(value));
      expect(countOf(answers, 'bad-scalar')).toBe(specimen.scalars);
      expect(answers).not.toContain('holds');
    }
  },
);

test.each(short)(
  '$name: a scalar plus the group order, the same number written otherwise, is refused',
  PATIENCE,
  (specimen) => {
    const answers = replacing(specimen, (element) => littleEndian(numberOf(element) + scalars.ORDER));
    expect(countOf(answers, 'bad-scalar')).toBe(specimen.scalars);
    expect(answers).not.toContain('holds');
  },
);

test.each(short)(
  '$name: another encoding of every point is refused: negated, not reduced, top bit set',
  PATIENCE,
  (specimen) => {
    const others = [
      (element: Uint8Array) => littleEndian((FIELD - numberOf(element) + 2n ** 256n) % 2n ** 256n),
      (element: Uint8Array) => littleEndian((numberOf(element) + FIELD) % 2n ** 256n),
      (element: Uint8Array) => element.map((byte, i) => (i === BYTES - 1 ? byte | 128 : byte)),
    ];
    for (const other of others) {
      const answers = replacing(specimen, other);
      expect(countOf(answers, 'bad-point')).toBeGreaterThanOrEqual(specimen.points);
      expect(answers).not.toContain('holds');
    }
  },
);

test.each(specimens)(
  '$name: every length but its own is refused, around the end of each element',
  PATIENCE,
  ({ proof, judge }) => {
    for (let end = 0; end <= proof.length; end += BYTES) {
      for (const length of [end - 1, end, end + 1].filter((each) => each >= 0 && each !== proof.length)) {
        const given = Uint8Array.from([...proof, 0]).subarray(0, length);
        expect(judge(given), `${length} bytes`).toBe('wrong-length');
      }
    }
    expect(judge(Uint8Array.from([...proof, ...proof.subarray(0, BYTES)]))).toBe('wrong-length');
    expect(judge(Uint8Array.from([...proof, ...proof]))).toBe('wrong-length');
  },
);
