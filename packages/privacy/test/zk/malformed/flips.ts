import { flipBit } from '../world.ts';
import type { Specimen } from './specimens.ts';

export interface FlipCount {
  readonly tried: number;
  /** Flipped bits that the verifier took all the same: malleability. */
  readonly accepted: readonly number[];
  /** How often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Shows the verifier the specimen's proof with each of `bits` flipped, one at a time. */
export function flipEach({ proof, judge }: Pick<Specimen, 'proof' | 'judge'>, bits: Iterable<number>): FlipCount {
  const reasons: Record<string, number> = {};
  const accepted: number[] = [];
  let tried = 0;
  for (const bit of bits) {
    const reason = judge(flipBit(proof, bit));
    tried++;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    if (reason === 'holds') accepted.push(bit);
  }
  return { tried, accepted, reasons };
}

/** Every `stride`-th bit from `first` on. */
export function* everyBit(proof: Uint8Array, stride = 1, first = 0): Generator<number> {
  for (let bit = first; bit < 8 * proof.length; bit += stride) yield bit;
}

/** One bit of every `stride`-th byte, another from byte to byte and from element to element. */
export function* everyByte(proof: Uint8Array, stride = 1): Generator<number> {
  for (let at = 0; at < proof.length; at += stride) yield 8 * at + ((3 * at + (at >> 5)) & 7);
}

/** Known-bad: a verifier that takes the highest bit of each element for nothing, as some curves' decoders do. */
export function deaf({ proof, judge, ...rest }: Specimen): Specimen {
  const cleared = (given: Uint8Array) => given.map((byte, at) => (at % 32 === 31 ? byte & 127 : byte));
  return { ...rest, proof, judge: (given) => judge(cleared(given)) };
}
