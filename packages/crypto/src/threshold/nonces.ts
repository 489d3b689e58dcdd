import { bytes, type Entropy, type Infer, integer, MurmurError, struct, toHex } from '@murmuration/core';
import { ed25519_FROST } from '@noble/curves/ed25519.js';
import { sha3_256 } from '../hash/hash.ts';
import { identifierOf, MAX_GROUP_SIZE, POINT_BYTES, type SecretShare } from './group.ts';

/** What a holder publishes for one signature. */
export const nonceCommitmentSchema = struct({
  holder: integer(1, MAX_GROUP_SIZE),
  hiding: bytes(POINT_BYTES),
  binding: bytes(POINT_BYTES),
});

export type NonceCommitment = Infer<typeof nonceCommitmentSchema>;

/**
 * One pair of nonces, good for one signature. Two signatures by one pair give the share away, so its secret is out
 * of reach: it is in memory only, cannot be copied or stored, and `signShare` takes it away.
 */
export interface NoncePair {
  readonly holder: number;
  readonly commitment: NonceCommitment;
  /** Names the pair in the record of used ones. */
  readonly id: string;
}

interface Secrets {
  readonly hiding: Uint8Array;
  readonly binding: Uint8Array;
}

const secrets = new WeakMap<NoncePair, Secrets>();

/**
 * Round one of a signature: may be run ahead of time, before the message is known.
 *
 * @param used ids of the pairs that this holder has used before, as kept on disk. Entropy that repeats itself, as a
 *   restored snapshot of a virtual machine does, then cannot bring one back
 * @throws CRYPTO_NONCES_USED
 * @see RFC 9591 §5.1
 */
export function createNonces(share: SecretShare, entropy: Entropy, used: ReadonlySet<string> = new Set()): NoncePair {
  const { nonces, commitments } = ed25519_FROST.commit(
    { identifier: identifierOf(share.holder), signingShare: share.secret },
    (length = 32) => entropy.bytes(length),
  );
  const commitment = {
    holder: share.holder,
    hiding: Uint8Array.from(commitments.hiding),
    binding: Uint8Array.from(commitments.binding),
  };
  const id = toHex(sha3_256(commitment.hiding, commitment.binding).subarray(0, 16));
  if (used.has(id)) throw noncesUsed(share.holder, id, 'the entropy has given a pair that was used before');
  const pair: NoncePair = Object.freeze({ holder: share.holder, commitment, id });
  secrets.set(pair, { hiding: nonces.hiding, binding: nonces.binding });
  return pair;
}

/** Takes the secret out of a pair, once. @throws CRYPTO_NONCES_USED */
export function takeSecrets(pair: NoncePair): Secrets {
  const taken = secrets.get(pair);
  if (taken === undefined) throw noncesUsed(pair.holder, pair.id, 'this pair has signed before, or is a copy of one');
  secrets.delete(pair);
  return taken;
}

function noncesUsed(holder: number, id: string, why: string): MurmurError {
  return new MurmurError({
    code: 'CRYPTO_NONCES_USED',
    message: `holder ${holder} cannot sign with nonces ${id}: ${why}`,
    remedy: 'create a new pair with fresh entropy for every signature',
    facts: { holder, id },
  });
}
