import { accusedOf, type ReplicaSet, readEvidence } from '@murmuration/consensus';
import { accept, assert, type DeviceId, equalBytes, type Result, refuse } from '@murmuration/core';
import type { CommitUpdate } from '../commands/command.ts';
import { rebuildCommand } from '../commands/signed-command.ts';
import { type CertificateEntry, certificateKey } from '../devices/schema.ts';
import { encodeGenesis, type Genesis, replicaSetOf, verifyGenesis } from '../genesis.ts';
import {
  type Candidate,
  type ProofEntry,
  type RoundEntry,
  type RoundName,
  roundKey,
  type Seal,
  type UpdateEntry,
} from '../learning/schema.ts';
import { sealOf } from '../learning/seal.ts';
import type { Ledger } from '../ledger.ts';
import { decidersOf, knownSets } from '../replicas/epochs.ts';
import type { Sent, Turn } from '../turn.ts';
import { type EvidenceBundle, type EvidenceKind, encodeEvidenceBundle } from './evidence-bundle.ts';
import type { Finding } from './finding.ts';
import { kindOfEvidence, verifyEvidenceBundle } from './verify-bundle.ts';

/** A bundle with what it proves. */
export interface ProvenBundle {
  readonly wire: Uint8Array;
  readonly finding: Finding;
}

/**
 * Puts around consensus evidence what it is checked by: the certificate of the accused's key in that epoch, and the
 * genesis where other replicas' keys are needed.
 * @param evidence from the engine's effect of that name
 * @param ledger knows the replicas of later epochs; without it only evidence of the genesis' replicas is taken
 * @returns bytes for `submit-evidence`; refused where the evidence does not hold. For readers without a ledger a
 * `consensus-fault` of a later epoch is to be completed: `completeEvidenceBundle`
 */
export function bundleEquivocation(
  genesis: Genesis,
  evidence: Uint8Array,
  ledger?: Pick<Ledger, 'epochs' | 'certificate'>,
): Result<Uint8Array> {
  const read = readEvidence(evidence);
  if (!read.ok) return read;
  const { chainId } = verifyGenesis(genesis);
  const { replica, epoch } = accusedOf(read.value);
  const kind = kindOfEvidence(read.value);
  const replicaSets = [replicaSetOf(genesis), ...laterSets(ledger?.epochs() ?? [])];
  const seat = replicaSets.find((set) => set.epoch === epoch)?.replicas[replica];
  const certificate = epoch === 0 ? genesis.replicas[replica] : seat && ledger?.certificate(seat.device, seat.key);
  if (certificate === undefined || seat === undefined) return refuse('not-a-replica');
  const { device: accused } = seat;
  const wire = encodeEvidenceBundle({
    format: 'murmuration-evidence/1',
    kind,
    accused,
    chainId,
    genesis: kind === 'equivocation' ? null : encodeGenesis(genesis),
    certificates: [certificate],
    statements: [evidence],
    ...(kind === 'equivocation' ? {} : laterFields(epoch)),
  });
  const verified = verifyEvidenceBundle(wire, { chainId, replicaSets });
  return verified.ok ? accept(wire) : verified;
}

function laterSets(epochs: ReturnType<Ledger['epochs']>): readonly ReplicaSet[] {
  return epochs.map(({ set }) => set).filter((set) => set.epoch > 0);
}

function laterFields(epoch: number): Pick<EvidenceBundle, 'later'> {
  return epoch === 0 ? {} : { later: { epoch, proofs: [] } };
}

/** @returns undefined where the first command's signature is kept no longer */
export function doubleUpdateBundle(
  turn: Turn,
  sent: Sent<CommitUpdate>,
  earlier: UpdateEntry,
): ProvenBundle | undefined {
  const { job, round } = sent.command;
  const proof = turn.state.proofs.get(roundKey(job, round));
  const first = proof?.updates.find(({ device }) => device === earlier.device);
  if (first === undefined) return undefined;
  const statements = [
    { seal: first, wire: updateWire(first, { job, round }, earlier) },
    { seal: sealOf(sent), wire: sent.signed.wire },
  ];
  return build(turn, 'double-update', earlier.device, statements, 0);
}

/** @param differing what the accused committed instead of the round's result */
export function resultMismatchBundle(turn: Turn, entry: RoundEntry, seal: Seal, differing: Candidate): ProvenBundle {
  const { job, round } = entry;
  const { modelHash, verdicts } = differing;
  const own = { seal, wire: rebuildCommand(seal, { kind: 'commit-result', job, round, modelHash, verdicts }) };
  const { epoch } = decidersOf(turn, entry) ?? { epoch: 0 };
  return build(turn, 'result-mismatch', seal.device, [own, ...quorumResults(turn, entry)], epoch);
}

/** @param rounds finalised, each with an outlier verdict on the device */
export function poisonedUpdatesBundle(turn: Turn, device: DeviceId, rounds: readonly RoundName[]): ProvenBundle {
  const statements = rounds.flatMap(({ job, round }) => {
    const entry = turn.state.rounds.get(roundKey(job, round)) as RoundEntry;
    const proof = turn.state.proofs.get(roundKey(job, round)) as ProofEntry;
    const seal = proof.updates.find((update) => update.device === device) as Seal;
    const update = entry.updates.find((candidate) => candidate.device === device) as UpdateEntry;
    return [{ seal, wire: updateWire(seal, { job, round }, update) }, ...quorumResults(turn, entry)];
  });
  const epochs = rounds.map(({ job, round }) => {
    const entry = turn.state.rounds.get(roundKey(job, round)) as RoundEntry;
    return decidersOf(turn, entry)?.epoch ?? 0;
  });
  return build(turn, 'poisoned-updates', device, statements, Math.max(...epochs));
}

interface SealedStatement {
  readonly seal: Seal;
  readonly wire: Uint8Array;
}

function updateWire(seal: Seal, name: RoundName, update: UpdateEntry): Uint8Array {
  const { hash, samples, bytes } = update;
  return rebuildCommand(seal, { kind: 'commit-update', job: name.job, round: name.round, hash, samples, bytes });
}

function quorumResults(turn: Turn, entry: RoundEntry): readonly SealedStatement[] {
  const { job, round, verdicts } = entry;
  const modelHash = entry.modelHash as Uint8Array;
  const { results } = turn.state.proofs.get(roundKey(job, round)) as ProofEntry;
  return results.map((seal) => ({
    seal,
    wire: rebuildCommand(seal, { kind: 'commit-result', job, round, modelHash, verdicts }),
  }));
}

function build(
  turn: Turn,
  kind: EvidenceKind,
  accused: DeviceId,
  statements: readonly SealedStatement[],
  epoch: number,
): ProvenBundle {
  const { genesis, chainId } = turn.chain;
  const bundle: EvidenceBundle = {
    format: 'murmuration-evidence/1',
    kind,
    accused,
    chainId,
    genesis: kind === 'double-update' ? null : encodeGenesis(genesis),
    certificates: certificatesFor(turn, accused, statements),
    statements: statements.map(({ wire }) => wire),
    ...laterFields(epoch),
  };
  const wire = encodeEvidenceBundle(bundle);
  const verified = verifyEvidenceBundle(wire, { chainId, replicaSets: knownSets(turn) });
  assert(verified.ok, `evidence of ${kind} against ${accused} verifies: ${verified.ok ? '' : verified.reason}`);
  return { wire, finding: verified.value };
}

/** The accused's own first; of the others those that the genesis lacks. Each once. */
function certificatesFor(turn: Turn, accused: DeviceId, statements: readonly SealedStatement[]): readonly Uint8Array[] {
  const signedUnder = (mine: boolean) =>
    statements
      .filter(({ seal }) => (seal.device === accused) === mine)
      .map(({ seal }) => turn.state.certificates.get(certificateKey(seal.device, seal.epoch)) as CertificateEntry)
      .map(({ certificate }) => certificate);
  const inGenesis = (certificate: Uint8Array) =>
    turn.chain.genesis.replicas.some((other) => equalBytes(other, certificate));
  const all = [...signedUnder(true), ...signedUnder(false).filter((certificate) => !inGenesis(certificate))];
  return all.filter((certificate, i) => all.findIndex((other) => equalBytes(other, certificate)) === i);
}
