import type { Clause } from '../../../src/zk/clause.ts';
import { BLINDING_BASE } from '../../../src/zk/group/pedersen.ts';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';

export interface Challenge {
  readonly label: string;
  readonly value: bigint;
}

/** A transcript that writes down what it is asked for. */
class Listening extends Transcript {
  readonly heard: Challenge[] = [];

  override challenge(label: string): bigint {
    const value = super.challenge(label);
    this.heard.push({ label, value });
    return value;
  }
}

/** All challenges that a verifier draws for this proof, and the digest that it ends with. */
export function challengesOf(clause: Clause, proof: Uint8Array): readonly Challenge[] {
  const transcript = new Listening('test');
  const read = clause.read(transcript, proof);
  if (!read.ok) throw new Error(`${clause.name}: ${read.reason}`);
  return [
    ...transcript.heard,
    { label: 'digest', value: BigInt(`0x${Buffer.from(transcript.bytes(32)).toString('hex')}`) },
  ];
}

/** 32 bytes that are a point and a scalar below the group order, so that they fit any place of a proof. */
export function elementOf(seed: bigint): Uint8Array {
  for (let times = seed; ; times += 1009n) {
    const bytes = BLINDING_BASE.multiply(times).toBytes();
    if ((bytes[31] as number) < 16) return bytes;
  }
}

const ELEMENT = elementOf(2n);

/** Bytes that any clause reads as a proof, and none believes. */
export function blankProof({ proofBytes }: Clause): Uint8Array {
  return Uint8Array.from({ length: proofBytes }, (_, i) => ELEMENT[i % 32] as number);
}

/** The first challenge, which must depend on every part of the statement. */
export function firstChallenge(clause: Clause): bigint {
  return (challengesOf(clause, blankProof(clause))[0] as Challenge).value;
}

/**
 * For each element of a proof the label of the first challenge that another element in its place changes; the
 * labels of one kind are numbered.
 */
export function bindings(clause: Clause, proof = blankProof(clause)): readonly string[] {
  const before = challengesOf(clause, proof);
  const counts = new Map<string, number>();
  const names = before.map(({ label }) => {
    const count = counts.get(label) ?? 0;
    counts.set(label, count + 1);
    return `${label}${count}`;
  });
  return Array.from({ length: proof.length / 32 }, (_, i) => {
    const changed = Uint8Array.from(proof);
    changed.set(elementOf(3n), 32 * i);
    const after = challengesOf(clause, changed);
    const first = before.findIndex(({ value }, k) => after[k]?.value !== value);
    if (after.slice(first).some(({ value }, k) => before[first + k]?.value === value)) return 'comes back';
    return first < 0 ? 'nothing' : (names[first] as string);
  });
}
