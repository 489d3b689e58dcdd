import { equalBytes } from '@murmuration/core';
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { checkBytes } from '../secrets/check-bytes.ts';
import { wipe } from '../secrets/secrets.ts';
import { isSmallOrderKey } from '../sign/ed25519-keys.ts';

/** Gamma (32) ‖ c (16) ‖ s (32). */
export const VRF_PROOF_BYTES = 80;
export const VRF_OUTPUT_BYTES = 64;

const { Point } = ed25519;
const { Fn } = Point;
type Point = InstanceType<typeof Point>;

/** ECVRF-EDWARDS25519-SHA512-TAI. */
const SUITE = 0x03;
const ENCODE_TO_CURVE = 0x01;
const CHALLENGE = 0x02;
const PROOF_TO_HASH = 0x03;
const BACK = 0x00;
const POINT_BYTES = 32;
const CHALLENGE_BYTES = 16;
const KEY_BYTES = 32;
/** Each try succeeds half the time; RFC 9381's counter is one byte. */
const MAX_TRIES = 256;

/**
 * Proves what the verifiable random function of this key gives for `alpha`. Deterministic. Scalars meet only
 * noble's constant-time multiplication and its field, which is as constant in time as JavaScript's integers are.
 *
 * @param secretKey 32 bytes: the seed of an Ed25519 key pair
 * @param alpha what is asked, of any length; starts with a domain of its own
 * @returns 80 bytes; `vrfVerify` turns them into the output
 * @throws CRYPTO_WRONG_LENGTH
 * @see RFC 9381 §5.1
 */
export function vrfProve(secretKey: Uint8Array, alpha: Uint8Array): Uint8Array {
  checkBytes('a VRF secret key', secretKey, KEY_BYTES);
  const { scalar, prefix, pointBytes, head } = ed25519.utils.getExtendedPublicKey(secretKey);
  const h = encodeToCurve(pointBytes, alpha);
  const hBytes = h.toBytes();
  const gamma = h.multiply(scalar).toBytes();
  const nonceBytes = sha512.create().update(prefix).update(hBytes).digest();
  const nonce = Fn.create(bytesToNumberLE(nonceBytes));
  const u = Point.BASE.multiply(nonce).toBytes();
  const v = h.multiply(nonce).toBytes();
  const c = challengeOf(pointBytes, hBytes, gamma, u, v);
  const s = Fn.add(nonce, Fn.mul(bytesToNumberLE(c), scalar));
  wipe(prefix, head, nonceBytes);
  const proof = new Uint8Array(VRF_PROOF_BYTES);
  proof.set(gamma, 0);
  proof.set(c, POINT_BYTES);
  proof.set(Fn.toBytes(s), POINT_BYTES + CHALLENGE_BYTES);
  return proof;
}

/**
 * Checks a proof. Never throws for what a peer chose. There is one output for each key and `alpha`, whatever the
 * prover does (full uniqueness: keys of small order, whose output says nothing, are refused).
 *
 * @returns 64 bytes, indistinguishable from random to who lacks the secret key; undefined where the proof is not one
 * @see RFC 9381 §5.3
 */
export function vrfVerify(publicKey: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  if (proof.length !== VRF_PROOF_BYTES || publicKey.length !== KEY_BYTES || isSmallOrderKey(publicKey)) {
    return undefined;
  }
  const gammaBytes = proof.subarray(0, POINT_BYTES);
  const c = proof.subarray(POINT_BYTES, POINT_BYTES + CHALLENGE_BYTES);
  const y = decodePoint(publicKey);
  const gamma = decodePoint(gammaBytes);
  const s = bytesToNumberLE(proof.subarray(POINT_BYTES + CHALLENGE_BYTES));
  if (y === undefined || gamma === undefined || s >= Fn.ORDER) return undefined;
  const h = encodeToCurve(publicKey, alpha);
  const times = bytesToNumberLE(c);
  const u = mulAddUnsafe(Point, [Point.BASE, y.negate()], [s, times]);
  const v = mulAddUnsafe(Point, [h, gamma.negate()], [s, times]);
  const expected = challengeOf(publicKey, h.toBytes(), gammaBytes, u.toBytes(), v.toBytes());
  return equalBytes(expected, c) ? proofToHash(gamma) : undefined;
}

/** RFC 9381 §5.2. */
function proofToHash(gamma: Point): Uint8Array {
  return sha512
    .create()
    .update(Uint8Array.of(SUITE, PROOF_TO_HASH))
    .update(gamma.clearCofactor().toBytes())
    .update(Uint8Array.of(BACK))
    .digest();
}

/** Try and increment. The time it takes tells about `alpha`, which is public here. RFC 9381 §5.4.1.1. */
function encodeToCurve(salt: Uint8Array, alpha: Uint8Array): Point {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const hash = sha512
      .create()
      .update(Uint8Array.of(SUITE, ENCODE_TO_CURVE))
      .update(salt)
      .update(alpha)
      .update(Uint8Array.of(tries, BACK))
      .digest();
    const point = decodePoint(hash.subarray(0, POINT_BYTES))?.clearCofactor();
    if (point !== undefined && !point.is0()) return point;
  }
  throw new Error('assertion failed: 256 hashes in a row are not on the curve'); // chance 2^-256
}

/** RFC 9381 §5.4.3, of the final text: the public key is hashed too. */
function challengeOf(...points: readonly Uint8Array[]): Uint8Array {
  const hash = sha512.create().update(Uint8Array.of(SUITE, CHALLENGE));
  for (const point of points) hash.update(point);
  return hash.update(Uint8Array.of(BACK)).digest().slice(0, CHALLENGE_BYTES);
}

/** RFC 8032 §5.1.3: the canonical encoding only. */
function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined; // not on the curve, or another encoding of its point
  }
}
