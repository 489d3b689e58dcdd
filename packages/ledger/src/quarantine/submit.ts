import { accusedOf, readEvidence } from '@murmuration/consensus';
import { refuse } from '@murmuration/core';
import type { SubmitEvidence } from '../commands/command.ts';
import type { Refusal } from '../refusal.ts';
import { knownSets, seatIn } from '../replicas/epochs.ts';
import type { Sent, Turn } from '../turn.ts';
import { withoutProofs } from './complete-bundle.ts';
import { decodeEvidenceBundle, type EvidenceBundle, encodeEvidenceBundle } from './evidence-bundle.ts';
import { quarantineDevice } from './quarantine.ts';
import { verifyEvidenceBundle } from './verify-bundle.ts';

/** Evidence that a device brings. Never refused for its age. The ledger knows its epochs: proofs of them are dropped unread. */
export function submitEvidence(turn: Turn, { sender, command }: Sent<SubmitEvidence>): Refusal {
  const bundle = decodeEvidenceBundle(command.evidence);
  if (!bundle.ok) return refuse('bad-evidence', bundle.reason);
  const { kind, accused } = bundle.value;
  // The ledger counts outlier rounds itself; other pairs of the same rounds would be a second strike.
  if (kind === 'poisoned-updates') return refuse('evidence-found-by-ledger');
  if (turn.state.devices.get(accused) === undefined) return refuse('unknown-accused');
  const { chainId } = turn.chain;
  const wire = encodeEvidenceBundle(withoutProofs(bundle.value));
  const verified = verifyEvidenceBundle(wire, { chainId, replicaSets: knownSets(turn) });
  if (!verified.ok) return refuse('bad-evidence', verified.reason);
  const ofConsensus = kind === 'equivocation' || kind === 'consensus-fault';
  if (ofConsensus && !isAboutReplica(turn, bundle.value)) return refuse('accused-is-no-replica');
  return quarantineDevice(turn, { wire, finding: verified.value }, sender.device);
}

/** The replica's number in consensus evidence is not signed, so it must be the accused's, in the evidence's epoch. */
function isAboutReplica(turn: Turn, bundle: EvidenceBundle): boolean {
  const evidence = readEvidence(bundle.statements[0] as Uint8Array);
  if (!evidence.ok) return false;
  const { replica, epoch } = accusedOf(evidence.value);
  const seat = epoch === 0 ? turn.chain.replicas[replica] : seatIn(turn.state, epoch, replica);
  return seat === bundle.accused;
}
