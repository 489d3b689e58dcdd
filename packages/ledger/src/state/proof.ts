import {
  accept,
  bytes,
  bytesUpTo,
  type DecodeReason,
  decodeCanonical,
  encode,
  equalBytes,
  integer,
  list,
  type Result,
  refuse,
  type Schema,
  struct,
  text,
  union,
} from '@murmuration/core';
import {
  encodeLeaf,
  hashLeaf,
  type Leaf,
  leafOf,
  leafSchema,
  MAX_KEY_CHARS,
  MAX_VALUE_BYTES,
  stateRoot,
} from './leaf.ts';
import { MAX_LEAVES, MAX_RANGE_HASHES, rangeRoot } from './range.ts';

/** What `verifyStateProof` checks: `value` is the encoding under `key` in a state. */
export interface StateProof {
  readonly key: string;
  readonly value: Uint8Array;
  readonly index: number;
  /** Leaves of the state. */
  readonly size: number;
  /** Subtrees beside the leaf, from left to right. */
  readonly path: readonly Uint8Array[];
}

/** What `verifyAbsence` checks: the state holds nothing under `key`, since its neighbours stand side by side. */
export interface AbsenceProof {
  readonly key: string;
  /** Place of the first neighbour. */
  readonly index: number;
  readonly size: number;
  /** The leaves around the gap: two, one at either end of the state, none in an empty one. */
  readonly neighbours: readonly Leaf[];
  readonly path: readonly Uint8Array[];
}

/** The answer to "what stands under this key?". */
export type StateAnswer = ({ readonly kind: 'present' } & StateProof) | ({ readonly kind: 'absent' } & AbsenceProof);

/** What `decodeStateAnswer` reads unless told otherwise. Of the leaves only rounds with many devices come near it. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

const size = integer(0, MAX_LEAVES);
const path = list(bytes(32), MAX_RANGE_HASHES);
const answerSchema: Schema<StateAnswer> = union({
  1: ['present', struct({ key: text(MAX_KEY_CHARS), value: bytesUpTo(MAX_VALUE_BYTES), index: size, size, path })],
  2: ['absent', struct({ key: text(MAX_KEY_CHARS), index: size, size, neighbours: list(leafSchema, 2), path })],
});

export function encodeStateAnswer(answer: StateAnswer): Uint8Array {
  return encode(answerSchema, answer);
}

/** Reads bytes that a peer chose, in their one encoding. @param maxBytes @default 1 MiB */
export function decodeStateAnswer(wire: Uint8Array, maxBytes = MAX_ANSWER_BYTES): Result<StateAnswer, DecodeReason> {
  return decodeCanonical(answerSchema, wire, { maxBytes });
}

/**
 * Whether `proof` shows its key and value in the state whose root a quorum agreed on. Needs nothing else, so
 * a light client can ask anyone for the proof.
 * @param root 32 bytes, from a certified checkpoint
 */
export function verifyStateProof(proof: StateProof, root: Uint8Array): boolean {
  return isRange(proof.index, [leafOf(proof.key, proof.value)], proof.size, proof.path, root);
}

/** Whether `proof` shows that the state with this root holds nothing under its key. */
export function verifyAbsence(proof: AbsenceProof, root: Uint8Array): boolean {
  const { key, index, neighbours } = proof;
  const [low, high] = neighbours;
  if (!isRange(index, neighbours, proof.size, proof.path, root)) return false;
  if (low === undefined) return true;
  if (high !== undefined) return low.key < key && key < high.key;
  return (index === 0 && key < low.key) || (index === proof.size - 1 && low.key < key);
}

/**
 * Checks an answer to the question that was asked.
 * @returns the value, or null where there is none; refused as `wrong-key` or `wrong-proof`
 */
export function verifyStateAnswer(
  key: string,
  answer: StateAnswer,
  root: Uint8Array,
): Result<Uint8Array | null, 'wrong-key' | 'wrong-proof'> {
  if (answer.key !== key) return refuse('wrong-key', `it speaks of ${answer.key}`);
  if (answer.kind === 'present') return verifyStateProof(answer, root) ? accept(answer.value) : refuse('wrong-proof');
  return verifyAbsence(answer, root) ? accept(null) : refuse('wrong-proof');
}

/** Whether these leaves stand side by side from `first` on in the state with this root. */
export function isRange(
  first: number,
  leaves: readonly Leaf[],
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const hashes = leaves.map((leaf) => hashLeaf(encodeLeaf(leaf)));
  const tree = rangeRoot(first, hashes, size, path);
  return tree !== undefined && equalBytes(stateRoot(size, tree), root);
}
