import type { Platform } from '../platform/platform.ts';
import { isCanonicalKey, isSmallOrderKey } from './ed25519-keys.ts';

export const ED25519_SIGNATURE_BYTES = 64;
const NONCE_POINT_BYTES = 32;

/**
 * The rule on which every replica and browser agrees, whatever its platform: exact lengths, canonical A,
 * neither A nor R of small order, S below the group order, cofactorless equation. Node.js refuses
 * small-order points by itself only since 26.x (nodejs/node#64026), so two versions would differ without
 * the checks made here.
 */
export function verifyStrict(
  platform: Platform,
  signed: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== ED25519_SIGNATURE_BYTES || !isCanonicalKey(publicKey)) return false;
  if (isSmallOrderKey(publicKey) || isSmallOrderKey(signature.subarray(0, NONCE_POINT_BYTES))) return false;
  return platform.ed25519Verify(signed, signature, publicKey);
}
