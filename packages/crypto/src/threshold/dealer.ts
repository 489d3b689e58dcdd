import type { Entropy } from '@murmuration/core';
import { ed25519_FROST } from '@noble/curves/ed25519.js';
import {
  checkParameters,
  groupFromFrost,
  holdersOf,
  identifierOf,
  type SecretShare,
  type ThresholdGroup,
} from './group.ts';

/**
 * Splits a fresh key among `size` holders in one place. Whoever runs this has known the whole key: use it for
 * tests and for a key that one owner spreads over his own devices, and `startDkg` where nobody may know it.
 *
 * @throws OPTION_OUT_OF_RANGE
 * @see RFC 9591, appendix C
 */
export function dealShares(
  threshold: number,
  size: number,
  entropy: Entropy,
): { readonly group: ThresholdGroup; readonly shares: readonly SecretShare[] } {
  checkParameters(threshold, size);
  const dealt = ed25519_FROST.trustedDealer({ min: threshold, max: size }, undefined, undefined, (length = 32) =>
    entropy.bytes(length),
  );
  const shares = holdersOf(size).map((holder) => ({
    holder,
    secret: Uint8Array.from((dealt.secretShares[identifierOf(holder)] as { signingShare: Uint8Array }).signingShare),
  }));
  return { group: groupFromFrost(dealt.public), shares };
}
