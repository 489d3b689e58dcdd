export { type Aggregator, createAggregator } from './aggregator.ts';
export type {
  AggregationResult,
  AggregatorDeps,
  AggregatorEffect,
  AggregatorInput,
  AggregatorPhase,
  VoidReason,
} from './aggregator-state.ts';
export { createMaskingClient } from './client.ts';
export type {
  ClientEffect,
  ClientInput,
  ClientPhase,
  MaskingClient,
  MaskingClientDeps,
  NoiseSource,
} from './client-state.ts';
export {
  type Committee,
  committeeQuorum,
  encodeStatementCertificate,
  type StatementCertificateRefusal,
  type StatementSignature,
  verifyStatementCertificate,
  verifyStatementSignature,
} from './committee.ts';
export {
  type CommitterRefusal,
  createStatementCommitter,
  type StatementCommitter,
  type StatementCommitterDeps,
  type StatementVote,
} from './committer.ts';
export { createMaskGraph, type MaskGraph } from './graph.ts';
export { drawGroups, MIN_GROUP_SIZE } from './groups.ts';
export { applyMask, applyMasks, type SeededMask } from './masks.ts';
export { groupNoiseEvent } from './noise-event.ts';
export {
  AGGREGATION_SUITE,
  type AggregationPlan,
  createPlan,
  honestSurvivors,
  MAX_COMPLETE,
  type NormBound,
  noiseShare,
  type PlanOptions,
  type RosterMode,
  sumBound,
} from './plan.ts';
export { fromIntegers, type Rounded, roundToIntegers } from './quantise.ts';
export { type RosterRefusal, readRosterStatement, rosterStatement, type SignedKey, verifyRoster } from './roster.ts';
export { readSurvivorStatement, type StatementRefusal, type SurvivorSets, survivorStatement } from './survivors.ts';
export { shareThreshold, type ToleranceRow, thresholdTable, tolerance } from './thresholds.ts';
