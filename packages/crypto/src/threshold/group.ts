import { checkInteger } from '@murmuration/core';
import { ed25519, ed25519_FROST } from '@noble/curves/ed25519.js';

/** A group of more holders signs too slowly to be of use: each share checks all the others' commitments. */
export const MAX_GROUP_SIZE = 128;
export const SHARE_BYTES = 32;
export const POINT_BYTES = 32;

/** What everyone may know of a group that signs together: any `threshold` of `size` holders, never fewer. */
export interface ThresholdGroup {
  /** 2 to `size`. */
  readonly threshold: number;
  /** Holders are numbered 1 to `size`. */
  readonly size: number;
  /** An ordinary Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Commitments to the polynomial's `threshold` coefficients, 32 bytes each; the first is the public key. */
  readonly commitments: readonly Uint8Array[];
  /** The public key of each holder's share, 32 bytes each, holder 1 first. */
  readonly verifyingShares: readonly Uint8Array[];
}

/** One holder's part of the group's secret. Never logged, stored encrypted. */
export interface SecretShare {
  readonly holder: number;
  /** A scalar, 32 bytes, little-endian. */
  readonly secret: Uint8Array;
}

type FrostPublic = Parameters<typeof ed25519_FROST.validateSecret>[1];

/** @throws OPTION_OUT_OF_RANGE */
export function checkParameters(threshold: number, size: number): void {
  checkInteger('size of a threshold group', size, 2, MAX_GROUP_SIZE);
  checkInteger('threshold of a group', threshold, 2, size);
}

/** noble names holders by the hexadecimal of their scalar. */
export function identifierOf(holder: number): string {
  return ed25519_FROST.Identifier.fromNumber(holder);
}

export function groupFromFrost(pub: FrostPublic): ThresholdGroup {
  const { min: threshold, max: size } = pub.signers;
  return {
    threshold,
    size,
    publicKey: Uint8Array.from(pub.commitments[0] as Uint8Array),
    commitments: pub.commitments.map((point) => Uint8Array.from(point as Uint8Array)),
    verifyingShares: holdersOf(size).map((holder) =>
      Uint8Array.from(pub.verifyingShares[identifierOf(holder)] as Uint8Array),
    ),
  };
}

export function groupToFrost(group: ThresholdGroup): FrostPublic {
  return {
    signers: { min: group.threshold, max: group.size },
    commitments: group.commitments.map((point) => Uint8Array.from(point)),
    verifyingShares: Object.fromEntries(
      group.verifyingShares.map((share, i) => [identifierOf(i + 1), Uint8Array.from(share)]),
    ),
  };
}

export function holdersOf(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i + 1);
}

/** A canonical point of prime order other than the identity: all that RFC 9591 §3.1 lets in. */
export function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== POINT_BYTES) return false;
  try {
    const point = ed25519.Point.fromBytes(bytes);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false; // not on the curve, or another encoding of its point
  }
}

/** Whether `share` is the holder's value of the polynomial that `commitments` commit to. RFC 9591, C.2. */
export function shareFits(holder: number, share: Uint8Array, commitments: readonly Uint8Array[]): boolean {
  if (share.length !== SHARE_BYTES) return false;
  const secret = { identifier: identifierOf(holder), signingShare: share };
  const signers = { min: commitments.length, max: MAX_GROUP_SIZE };
  try {
    ed25519_FROST.validateSecret(secret, { signers, commitments: [...commitments], verifyingShares: {} });
    return true;
  } catch {
    return false; // not a scalar, or not on the polynomial
  }
}
