import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';
import { CONTINUITY_DOMAIN, type VerifiedCertificate } from './certificate.ts';
import { type CertificateReason, openCertificate, readCertificate } from './read.ts';

/** Longer chains are verified in pieces: the last certificate of one is the first of the next. */
export const MAX_CHAIN_CERTIFICATES = 1024;

export type ContinuityReason =
  | CertificateReason
  | 'empty-chain'
  | 'chain-too-long'
  | 'other-device'
  | 'epoch-gap'
  | 'broken-link'
  | 'key-reused'
  | 'bad-continuity';

/**
 * Whether each certificate follows from the one before it: one device, epochs one apart, the digest of its
 * predecessor in its body, a new key, and a signature by the predecessor's key. The first may have any epoch.
 * @param chain received bytes, oldest first
 * @returns the newest certificate
 */
export function verifyContinuity(chain: readonly Uint8Array[]): Result<VerifiedCertificate, ContinuityReason> {
  if (chain.length > MAX_CHAIN_CERTIFICATES) return refuse('chain-too-long', `at most ${MAX_CHAIN_CERTIFICATES}`);
  let newest: VerifiedCertificate | undefined;
  for (const received of chain) {
    const read = readCertificate(received);
    if (!read.ok) return read;
    const fault = newest === undefined ? undefined : linkFault(newest, read.value, received);
    if (fault !== undefined) return refuse(fault, `at epoch ${read.value.epoch}`);
    newest = read.value;
  }
  return newest === undefined ? refuse('empty-chain') : accept(newest);
}

function linkFault(
  before: VerifiedCertificate,
  after: VerifiedCertificate,
  received: Uint8Array,
): ContinuityReason | undefined {
  if (after.device !== before.device) return 'other-device';
  if (after.epoch !== before.epoch + 1) return 'epoch-gap';
  if (after.previous === null || !equalBytes(after.previous, before.digest)) return 'broken-link';
  if (equalBytes(after.key, before.key)) return 'key-reused';
  const opened = openCertificate(received);
  if (!opened.ok || opened.value.signed.continuity === null) return 'bad-continuity';
  const { body, continuity } = opened.value.signed;
  return ed25519Verify(CONTINUITY_DOMAIN, body, continuity, before.key) ? undefined : 'bad-continuity';
}
