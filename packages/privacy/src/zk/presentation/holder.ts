import { concatBytes, type Entropy, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Clause } from '../clause.ts';
import { hashToGroup, type Point, randomScalar } from '../group/group.ts';
import { secretMsm } from '../group/msm.ts';
import { BLINDING_BASE, commit, VALUE_BASE } from '../group/pedersen.ts';
import { linearRelation } from '../sigma/linear-relation.ts';

/** The secret of who presents proofs. Its commitment is put into credentials; it itself never leaves the device. */
export interface HolderKey {
  readonly secret: bigint;
  readonly blinding: bigint;
}

export function createHolderKey(entropy: Entropy): HolderKey {
  return { secret: randomScalar(entropy), blinding: randomScalar(entropy) };
}

/** @returns 32 bytes, which show nothing of the key */
export function holderCommitment({ secret, blinding }: HolderKey): Uint8Array {
  return commit({ value: secret, blinding }).toBytes();
}

/** What a proof is presented for, once. */
export interface Scope {
  /** The predicate's id. */
  readonly predicate: string;
  /** What it is about: a content's hash, a session, a data set, a round. 32 bytes. */
  readonly subject: Uint8Array;
  /** Who asks: 32 bytes. */
  readonly verifier: Uint8Array;
  readonly epoch: number;
}

/** The base that a scope's nullifiers are multiples of: a point of its own for every scope. */
export function nullifierBase({ predicate, subject, verifier, epoch }: Scope): Point {
  const parts = [utf8(predicate), subject, verifier, utf8(String(epoch))].map((part) => sha3_256(part));
  return hashToGroup('murmuration/zk/nullifier/v1', concatBytes(...parts));
}

/** The same for the same holder and scope; without the key, two of different scopes cannot be linked (DDH). */
export function nullifierOf({ secret }: HolderKey, scope: Scope): Point {
  return secretMsm([nullifierBase(scope)], [secret]);
}

/** "The nullifier is that of the key in the holder's commitment": holder = x·G + r·H and nullifier = x·U. */
export function nullifierClause(holder: Point, nullifier: Point, scope: Scope, key?: HolderKey): Clause {
  const rows = [
    {
      image: [{ scalar: 1n, point: holder }],
      bases: [
        { secret: 0, base: VALUE_BASE },
        { secret: 1, base: BLINDING_BASE },
      ],
    },
    { image: [{ scalar: 1n, point: nullifier }], bases: [{ secret: 0, base: nullifierBase(scope) }] },
  ];
  return linearRelation('nullifier', rows, key && [key.secret, key.blinding]);
}
