import { accusedOf, type Evidence, type ReplicaSet, readEvidence, verifyEvidence } from '@murmuration/consensus';
import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { readCertificate, type VerifiedCertificate } from '@murmuration/identity';
import { decodeGenesis } from '../genesis.ts';
import { decodeEvidenceBundle, type EvidenceBundle, type EvidenceKind } from './evidence-bundle.ts';
import { type Finding, finding } from './finding.ts';
import { doubleUpdate, poisonedUpdates, resultMismatch } from './offences.ts';
import { readSets, seatsOf } from './replica-sets.ts';
import { readTestimony } from './testimony.ts';

export interface VerifyBundleOptions {
  /** The chain that the reader trusts; a bundle of another one is refused. @default any chain */
  readonly chainId?: Uint8Array;
  /**
   * Replicas of later epochs that the reader knows by itself: those of its ledger, or of a light client that came by.
   * For these a bundle needs no proofs, and what it has of them is not read. @default none
   */
  readonly replicaSets?: readonly ReplicaSet[];
}

/**
 * Checks a bundle with nothing but its own bytes: certificates, signatures, and that what was signed is an
 * offence. Pure; runs in browsers. Never expires, so an old certificate still speaks for its key.
 * @returns what was proved. Equal findings (`id`) are proofs of one offence, whoever assembled them.
 */
export function verifyEvidenceBundle(wire: Uint8Array, options: VerifyBundleOptions = {}): Result<Finding> {
  const decoded = decodeEvidenceBundle(wire);
  if (!decoded.ok) return decoded;
  const bundle = decoded.value;
  if (options.chainId !== undefined && !equalBytes(options.chainId, bundle.chainId)) return refuse('foreign-chain');
  const certificates = readCertificates(bundle);
  if (!certificates.ok) return certificates;
  if (bundle.kind === 'equivocation' || bundle.kind === 'consensus-fault')
    return signedFault(bundle, certificates.value, options);

  const replicas = readReplicas(bundle, bundle.kind);
  if (!replicas.ok) return replicas;
  const sets = readSets(bundle, replicas.value, options.replicaSets);
  if (!sets.ok) return sets;
  const testimony = readTestimony(bundle, [...certificates.value, ...replicas.value]);
  if (!testimony.ok) return testimony;
  if (bundle.kind === 'double-update') return doubleUpdate(bundle, testimony.value);
  const seats = sets.value.map(seatsOf);
  return bundle.kind === 'result-mismatch'
    ? resultMismatch(bundle, testimony.value, seats)
    : poisonedUpdates(bundle, testimony.value, seats);
}

function readCertificates(bundle: EvidenceBundle): Result<readonly VerifiedCertificate[]> {
  const certificates: VerifiedCertificate[] = [];
  for (const wire of bundle.certificates) {
    const read = readCertificate(wire);
    if (!read.ok) return refuse('bad-certificate', read.reason);
    certificates.push(read.value);
  }
  if (certificates[0]?.device !== bundle.accused) return refuse('accused-without-certificate');
  return accept(certificates);
}

function readReplicas(bundle: EvidenceBundle, kind: EvidenceKind): Result<readonly VerifiedCertificate[]> {
  if (kind === 'double-update' || kind === 'equivocation')
    return bundle.genesis === null ? accept([]) : refuse('stray-genesis');
  if (bundle.genesis === null) return refuse('genesis-missing');
  const genesis = decodeGenesis(bundle.genesis);
  if (!genesis.ok) return refuse('bad-genesis', genesis.reason);
  if (!equalBytes(genesis.value.chainId, bundle.chainId)) return refuse('genesis-of-another-chain');
  return accept(genesis.value.replicas);
}

/** What one piece of consensus evidence shows. */
function signedFault(
  bundle: EvidenceBundle,
  certificates: readonly VerifiedCertificate[],
  known: VerifyBundleOptions,
): Result<Finding> {
  const [evidence, stray] = bundle.statements;
  const [certificate, second] = certificates;
  if (second !== undefined || certificate === undefined) return refuse('stray-certificate');
  if (evidence === undefined || stray !== undefined) return refuse('stray-statement');
  const read = readEvidence(evidence);
  if (!read.ok) return read;
  if (kindOfEvidence(read.value) !== bundle.kind) return refuse('wrong-kind', read.value.kind);
  const sets = readReplicaSets(bundle, accusedOf(read.value).epoch, known);
  if (!sets.ok) return sets;
  // None for an equivocation, which the accused's key shows.
  const set = sets.value.at(-1);
  const options = set === undefined ? {} : { replicaSet: set };
  const verified = verifyEvidence(evidence, certificate.key, bundle.chainId, options);
  if (!verified.ok) return verified;
  // Where the replica's number is not compared here, the ledger does so: the key names the accused.
  const { class: fault, epoch, view, height, summary: detail } = verified.value;
  const ordering = fault === 'conflicting-proposals' || fault === 'conflicting-votes';
  const offence = [ordering ? 'ordering' : fault, epoch, view, height];
  const words = FAULT_WORDS[fault] ?? `signed ${fault.replaceAll('-', ' ')}`;
  const summary = `${words} at view ${view}, height ${height}`;
  const facts = { class: fault, epoch, view, height };
  return accept(finding(bundle, offence, summary, bundle.kind === 'equivocation' ? facts : { ...facts, detail }));
}

/** Said to people. */
const FAULT_WORDS: Readonly<Record<string, string>> = {
  'vote-against-lock': 'denied a batch that it had signed as prepared, which could have undone a decision,',
  'invalid-justification': 'signed a view change whose proofs do not hold',
  'state-mismatch': 'signed another state of the ledger than a quorum',
};

/** The kind of bundle that a piece of consensus evidence goes into. */
export function kindOfEvidence({ kind }: Evidence): EvidenceKind {
  return kind === 'conflict' ? 'equivocation' : 'consensus-fault';
}

/** The replicas of every epoch up to the evidence's; none for an equivocation. */
function readReplicaSets(
  bundle: EvidenceBundle,
  epoch: number,
  { replicaSets }: VerifyBundleOptions,
): Result<readonly ReplicaSet[]> {
  const replicas = readReplicas(bundle, bundle.kind);
  if (!replicas.ok) return replicas;
  if (bundle.kind === 'equivocation') return bundle.later === undefined ? accept([]) : refuse('stray-epoch');
  const said = bundle.later?.epoch ?? 0;
  if (said !== epoch) return refuse('wrong-epoch', `evidence of epoch ${epoch} in a bundle of epoch ${said}`);
  return readSets(bundle, replicas.value, replicaSets);
}
