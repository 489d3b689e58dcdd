import type { Entropy } from '@murmuration/core';
import { ED25519_SECRET_KEY_BYTES, ed25519KeyPair, type KeyPair } from '@murmuration/crypto';

/** The ephemeral Ed25519 key that a device works with (the NFEK): one for each epoch of its certificate. */
export type OperationalKey = KeyPair;

export function createOperationalKey(entropy: Entropy): OperationalKey {
  return ed25519KeyPair(entropy.bytes(ED25519_SECRET_KEY_BYTES));
}
