export { type AtomicEntry, type AtomicTerms, atomicId, type ClusterEntry } from './clusters/schema.ts';
export {
  type AtomicPrepare,
  type AtomicResolve,
  type AttestUpdates,
  type ChangeReplica,
  type Command,
  type CommitResult,
  type CommitUpdate,
  type FollowCluster,
  type NamedUpdate,
  type OpenJob,
  type RegisterCluster,
  type RegisterDevice,
  type RotateKey,
  type SubmitEvidence,
  type Verdict,
  verdictSchema,
} from './commands/command.ts';
export {
  type CommandSignature,
  type CommandSigner,
  commandSignature,
  readCommand,
  type SignedCommand,
  signCommand,
  verifyCommand,
} from './commands/signed-command.ts';
export type { DeviceEntry } from './devices/schema.ts';
export type {
  EvidenceRecorded,
  FixedUpdate,
  LedgerEvent,
  Quarantined,
  RoundFinalised,
  UpdateCommitted,
} from './events.ts';
export { MAX_FEE } from './fees/amount.ts';
export {
  type FeeDecision,
  type FeeOffer,
  type FeeOutcome,
  type FeePolicy,
  type FeeState,
  FREE,
} from './fees/policy.ts';
export {
  chainIdOf,
  decodeGenesis,
  encodeGenesis,
  type Genesis,
  replicaSetOf,
  type VerifiedGenesis,
  verifyGenesis,
} from './genesis.ts';
export { resultDigest } from './learning/result-digest.ts';
export type { ClosedRound, JobEntry, ResultEntry, RoundEntry, RoundPhase, UpdateEntry } from './learning/schema.ts';
export { type Applied, type Block, createLedger, type Ledger, type LedgerEpoch, type LedgerOptions } from './ledger.ts';
export {
  createLightClient,
  type LightClient,
  type LightClientOptions,
  openLightClient,
  type StateRefusal,
} from './light-client/light-client.ts';
export { MAX_SAVED_BYTES } from './light-client/saved.ts';
export {
  DETAILED_ROUNDS,
  MAX_COMMAND_BYTES,
  MAX_DEVICES,
  MAX_JOB_ID_CHARS,
  MAX_NAME_CHARS,
  MAX_PLAN_BYTES,
  MAX_REASON_CHARS,
  MAX_ROUNDS,
  OBSERVATION_MS,
  OUTLIER_ROUNDS,
  PROOF_ROUNDS,
  QUARANTINE_MS,
  REPLAY_WINDOW,
  SUMMARY_ROUNDS,
} from './limits.ts';
export { bundleEquivocation } from './quarantine/build-bundle.ts';
export { completeEvidenceBundle } from './quarantine/complete-bundle.ts';
export {
  decodeEvidenceBundle,
  type EncodedEpochProof,
  EVIDENCE_KINDS,
  type EvidenceBundle,
  type EvidenceKind,
  encodeEvidenceBundle,
  type LaterEpoch,
  MAX_BUNDLE_BYTES,
} from './quarantine/evidence-bundle.ts';
export type { Finding } from './quarantine/finding.ts';
export type { EvidenceEntry, QuarantineEntry } from './quarantine/schema.ts';
export { type VerifyBundleOptions, verifyEvidenceBundle } from './quarantine/verify-bundle.ts';
export type { FirstReceipt, Receipt } from './receipt.ts';
export { REFUSAL_REASONS, type RefusalReason } from './refusal.ts';
export { encodeEpochProof, proveNextEpoch } from './replicas/proof.ts';
export { type EpochEntry, epochKey, type SeatWish } from './replicas/schema.ts';
export { assembleLedger, type LedgerAssembly } from './snapshot/assembly.ts';
export { MAX_CHUNK_BYTES } from './snapshot/chunk.ts';
export { restoreLedger } from './snapshot/restore.ts';
export { MAX_SNAPSHOT_BYTES } from './snapshot/snapshot.ts';
export {
  type AbsenceProof,
  decodeStateAnswer,
  encodeStateAnswer,
  MAX_ANSWER_BYTES,
  type StateAnswer,
  type StateProof,
  verifyAbsence,
  verifyStateAnswer,
  verifyStateProof,
} from './state/proof.ts';
export type { StateEntry } from './state/store.ts';
