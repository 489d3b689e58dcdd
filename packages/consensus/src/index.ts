export {
  checkHeader,
  createFollower,
  type EpochProof,
  type Followed,
  type Follower,
  type FollowRefusal,
  followEpoch,
  followHeader,
  freeze,
  type NextEpoch,
  type ProveNext,
  startFollowing,
} from './clusters/follower.ts';
export {
  decodeHeader,
  encodeHeader,
  type Header,
  type HeaderRefusal,
  MAX_HEADER_BYTES,
  verifyHeader,
} from './clusters/header.ts';
export {
  type Bully,
  type BullyEffect,
  type BullyEvent,
  type BullyOptions,
  createBully,
  isCurrentHint,
  type LeaderHint,
} from './election/bully.ts';
export type {
  Commit,
  Engine,
  EngineEffect,
  EngineEvent,
  EngineRecord,
  EngineStatus,
  Executed,
  Finality,
  SendEffect,
} from './engine.ts';
export { createEpochs, type Epochs } from './epochs/epochs.ts';
export type { EpochPlace, EpochsEffect, EpochsEvent, EpochsStatus } from './epochs/events.ts';
export type { EpochsOptions } from './epochs/options.ts';
export type { EpochsDeps } from './epochs/state.ts';
export { checkKeys, checkTransition, maxJoining, maxLeaving, type TransitionRefusal } from './epochs/transition.ts';
export {
  accusedOf,
  createEvidence,
  type EvidenceClass,
  type EvidenceFacts,
  evidenceId,
  readEvidence,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from './evidence/evidence.ts';
export { type Evidence, MAX_EVIDENCE_BYTES } from './evidence/schema.ts';
export { hotstuff2Chain, verifyHotstuff2Commit } from './hotstuff2/certificates.ts';
export type { Hotstuff2Deps } from './hotstuff2/create-state.ts';
export { createHotstuff2 } from './hotstuff2/engine.ts';
export type { BlsKeys, Multisignature } from './hotstuff2/multisignature.ts';
export type { Hotstuff2Options } from './hotstuff2/options.ts';
export type { Liar, LiarContext } from './liars/liar.ts';
export { liars, probftLiars } from './liars/liars.ts';
export type { PbftDeps } from './pbft/create-state.ts';
export { createPbft } from './pbft/engine.ts';
export type { PbftOptions } from './pbft/options.ts';
export { requestsIn } from './pbft/requests-in.ts';
export { probftChain, type SampledRefusal, verifyProbabilisticCommit } from './probft/certificates.ts';
export { createProbft, type ProbftDeps, type ProbftEngine } from './probft/engine.ts';
export { type DeterministicCommit, type ProbabilisticCommit, requireDeterministic } from './probft/finality.ts';
export type { ProbftOptions } from './probft/options.ts';
export { expectedMessages, type ProbftParameters, type SampleSizes, sampleSizes } from './probft/parameters.ts';
export { PLAIN_FUNCTION, type SampleFunction } from './probft/samples.ts';
export type { ProbftEffect } from './probft/state.ts';
export {
  type Estimate,
  estimateTermination,
  preparedChance,
  simulateView,
  type Termination,
  type ViewOutcome,
} from './probft/termination.ts';
export { qbftChain, verifyQbftCommit } from './qbft/certificates.ts';
export type { QbftDeps } from './qbft/create-state.ts';
export { createQbft } from './qbft/engine.ts';
export type { QbftOptions } from './qbft/options.ts';
export { type Batch, decodeBatch, encodeBatch, MAX_BATCH_BYTES } from './quorum/batch.ts';
export {
  type Certificate,
  type CertificateRefusal,
  decodeCertificate,
  verifyCheckpoint,
  verifyCommit,
} from './quorum/certificate.ts';
export {
  MAX_REPLICAS,
  maxFaulty,
  primaryOf,
  quorum,
  type ReplicaEntry,
  type ReplicaSet,
} from './quorum/replica-set.ts';
export type { Phase, SignedStatement } from './quorum/statement.ts';
export { createRaft, type RaftDeps } from './raft/engine.ts';
export type { RaftEffect, RaftEngine, RaftEvent, RaftRole, RaftStatus } from './raft/events.ts';
export type { Entry as RaftEntry, RaftLogView } from './raft/log.ts';
export type { Members as RaftMembers } from './raft/members.ts';
export type { RaftOptions } from './raft/options.ts';
