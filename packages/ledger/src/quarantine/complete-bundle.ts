import { type EpochProof, encodeHeader } from '@murmuration/consensus';
import { accept, type Result, refuse } from '@murmuration/core';
import {
  decodeEvidenceBundle,
  type EvidenceBundle,
  encodeEvidenceBundle,
  MAX_BUNDLE_BYTES,
} from './evidence-bundle.ts';
import { verifyEvidenceBundle } from './verify-bundle.ts';

/**
 * Makes a bundle of the ledger complete in itself: adds how each epoch ended up to the one that it rests on, so that who
 * knows the chain id alone can check it, also years later. A bundle of the genesis' replicas is complete as it is.
 * About 2 KiB for each epoch of seven replicas; 256 epochs and 1 MiB at most.
 * @param proofs of the chain's epochs, ascending from epoch 0 on; those beyond the bundle's epoch are left out
 * @returns refused as `too-large`, or where bundle and proofs do not hold
 */
export function completeEvidenceBundle(wire: Uint8Array, proofs: readonly EpochProof[]): Result<Uint8Array> {
  const bundle = decodeEvidenceBundle(wire);
  if (!bundle.ok) return bundle;
  const { later, chainId } = bundle.value;
  if (later === undefined) return accept(wire);
  const shown = proofs.slice(0, later.epoch).map(({ header, proof }) => ({ header: encodeHeader(header), proof }));
  const whole = encodeEvidenceBundle({ ...bundle.value, later: { ...later, proofs: shown } });
  if (whole.length > MAX_BUNDLE_BYTES) return refuse('too-large', `${whole.length} bytes`);
  const verified = verifyEvidenceBundle(whole, { chainId });
  return verified.ok ? accept(whole) : verified;
}

/** The bundle for a reader who knows the chain's epochs. */
export function withoutProofs(bundle: EvidenceBundle): EvidenceBundle {
  const { later } = bundle;
  return later === undefined ? bundle : { ...bundle, later: { ...later, proofs: [] } };
}
