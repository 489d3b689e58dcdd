import { createFollower, decodeHeader, type ReplicaSet } from '@murmuration/consensus';
import { accept, type DeviceId, equalBytes, type Result, refuse } from '@murmuration/core';
import type { VerifiedCertificate } from '@murmuration/identity';
import { proveNextEpoch } from '../replicas/proof.ts';
import type { EncodedEpochProof, EvidenceBundle } from './evidence-bundle.ts';

/**
 * The replicas of the bundle's epochs, the newest last: of the genesis, then what the reader knows by itself, or else
 * what the bundle proves from the genesis on. Refused: `stray-epoch`, `needs-epoch-proofs`, `wrong-epoch-proofs`, and
 * the refusals of a light client.
 * @param genesis its replicas, as they are read; none where the kind of the bundle needs none
 * @param known of later epochs of this chain
 */
export function readSets(
  { kind, chainId, later }: EvidenceBundle,
  genesis: readonly VerifiedCertificate[],
  known: readonly ReplicaSet[] = [],
): Result<readonly ReplicaSet[]> {
  const first: ReplicaSet = { chainId, epoch: 0, replicas: genesis.map(({ device, key }) => ({ device, key })) };
  if (later === undefined) return accept([first]);
  if (kind === 'double-update') return refuse('stray-epoch');
  const { epoch, proofs } = later;
  const own = known.filter((set) => set.epoch >= 1 && set.epoch <= epoch && equalBytes(set.chainId, chainId));
  if (own.some((set) => set.epoch === epoch)) return accept([first, ...own.sort((a, b) => a.epoch - b.epoch)]);
  if (proofs.length === 0) return refuse('needs-epoch-proofs', `the replicas of epoch ${epoch} are not known here`);
  // Before any signature: no more of them are checked than there are epochs.
  if (proofs.length !== epoch) return refuse('wrong-epoch-proofs', `${proofs.length} for epoch ${epoch}`);
  return provedSets(first, proofs);
}

/** Each epoch by the word of a quorum of the one before. */
function provedSets(first: ReplicaSet, proofs: readonly EncodedEpochProof[]): Result<readonly ReplicaSet[]> {
  const follower = createFollower(first, proveNextEpoch(first.chainId));
  const sets = [first];
  for (const { header: wire, proof } of proofs) {
    const header = decodeHeader(wire);
    if (!header.ok) return header;
    const next = follower.advance({ header: header.value, proof });
    if (!next.ok) return next;
    sets.push(next.value);
  }
  return accept(sets);
}

export function seatsOf({ replicas }: ReplicaSet): ReadonlySet<DeviceId> {
  return new Set(replicas.map(({ device }) => device));
}
