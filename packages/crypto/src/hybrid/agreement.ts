import { accept, checkInteger, concatBytes, type Result, refuse, utf8 } from '@murmuration/core';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { platform } from '#platform';
import { sha3_256 } from '../hash/hash.ts';
import { hkdfSha256 } from '../kdf/hkdf.ts';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';

/** Names the construction; part of what the secret is derived from. */
export const AGREEMENT_SUITE = 'static-x25519+ml-kem-768/1';
/** X25519 ‖ ML-KEM-768. */
export const AGREEMENT_PUBLIC_KEY_BYTES = 32 + 1184;
/** X25519 scalar ‖ ML-KEM seed (d ‖ z). */
export const AGREEMENT_SEED_BYTES = 32 + 64;
/** ML-KEM-768 alone: the X25519 half needs no message. */
export const AGREEMENT_CIPHERTEXT_BYTES = 1088;

const X25519_BYTES = 32;
const COINS_BYTES = 32;
const MAX_CONTEXT_BYTES = 2 ** 16;

export type AgreementRefusal = 'malformed-key' | 'malformed-ciphertext' | 'small-order-point';

/**
 * A key that agrees with many others, each pair on a secret of its own. Both sides give their X25519 halves; for the
 * ML-KEM half the *initiator* of a pair makes a ciphertext and the responder opens it. Beside `kemEncapsulate` it saves
 * an ephemeral key for each pair (32 bytes, 90 µs) and imports its own secret once.
 *
 * A secret stays hidden while either X25519 or ML-KEM-768 stands. Where the public keys are authentic, only their two
 * holders share it, as long as X25519 stands.
 */
export interface AgreementKey {
  /** 1216 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * @param peer the responder's public key
   * @param context what the secret is for and between whom, at most 64 KiB; both sides give the same
   * @param coins 32 bytes, m of FIPS 203: given, the ciphertext replays and costs 0.9 ms (noble); left out, the
   *   platform draws its own, which node:crypto does in 0.05 ms
   * @throws CRYPTO_WRONG_LENGTH for the coins, OPTION_OUT_OF_RANGE for the context
   */
  initiate(
    peer: Uint8Array,
    context: Uint8Array,
    coins?: Uint8Array,
  ): Result<{ readonly ciphertext: Uint8Array; readonly shared: Uint8Array }, AgreementRefusal>;
  /**
   * A ciphertext that was damaged, or made for another key, pair or context, gives a secret that nobody shares.
   * @param peer the initiator's public key
   * @throws OPTION_OUT_OF_RANGE for the context
   */
  respond(peer: Uint8Array, ciphertext: Uint8Array, context: Uint8Array): Result<Uint8Array, AgreementRefusal>;
}

/** @param seed 96 bytes from `Entropy`; may be wiped after. @throws CRYPTO_WRONG_LENGTH */
export function agreementKey(seed: Uint8Array): AgreementKey {
  checkBytes('an agreement seed', seed, AGREEMENT_SEED_BYTES);
  const scalar = seed.subarray(0, X25519_BYTES);
  const mlSeed = seed.subarray(X25519_BYTES);
  const publicKey = concatBytes(platform.x25519PublicKey(scalar), platform.mlKem768PublicKey(mlSeed));
  const agree = platform.x25519Agreement(scalar);
  const decapsulate = platform.mlKem768Decapsulator(mlSeed);
  return {
    publicKey,
    initiate: (peer, context, coins) => {
      if (peer.length !== AGREEMENT_PUBLIC_KEY_BYTES) return refuse('malformed-key', `${peer.length} bytes`);
      const quantum = encapsulate(peer.subarray(X25519_BYTES), coins);
      if (quantum === undefined) return refuse('malformed-key', 'its ML-KEM-768 half is not reduced');
      const classical = agree(peer.subarray(0, X25519_BYTES));
      if (classical === undefined) return refuse('small-order-point');
      const { ciphertext } = quantum;
      return accept({ ciphertext, shared: derive(quantum.shared, classical, publicKey, peer, ciphertext, context) });
    },
    respond: (peer, ciphertext, context) => {
      if (peer.length !== AGREEMENT_PUBLIC_KEY_BYTES) return refuse('malformed-key', `${peer.length} bytes`);
      if (ciphertext.length !== AGREEMENT_CIPHERTEXT_BYTES) {
        return refuse('malformed-ciphertext', `${ciphertext.length} bytes`);
      }
      const classical = agree(peer.subarray(0, X25519_BYTES));
      if (classical === undefined) return refuse('small-order-point');
      return accept(derive(decapsulate(ciphertext), classical, peer, publicKey, ciphertext, context));
    },
  };
}

function encapsulate(publicKey: Uint8Array, coins: Uint8Array | undefined) {
  if (coins === undefined) return platform.mlKem768Encapsulate(publicKey);
  checkBytes('ML-KEM-768 coins', coins, COINS_BYTES);
  try {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, coins);
    return { ciphertext: cipherText, shared: sharedSecret };
  } catch {
    return undefined; // the peer's key is not reduced modulo q
  }
}

/** HKDF over both secrets, bound to everything public: suite, both keys in their roles, ciphertext, context. */
function derive(
  quantum: Uint8Array,
  classical: Uint8Array,
  initiator: Uint8Array,
  responder: Uint8Array,
  ciphertext: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  checkInteger('length of an agreement context', context.length, 0, MAX_CONTEXT_BYTES);
  const suite = utf8(AGREEMENT_SUITE);
  // All but the context have fixed lengths and it comes last: no two transcripts share their bytes.
  const transcript = sha3_256(suite, initiator, responder, ciphertext, context);
  const secret = concatBytes(quantum, classical);
  const shared = hkdfSha256(secret, suite, transcript, 32);
  wipe(secret, quantum, classical);
  return shared;
}
