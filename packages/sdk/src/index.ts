export type { CallOptions } from './call.ts';
export { type Client, type ClientOptions, createClient } from './client.ts';
export { type Finding, type VerifyOptions, verifyEvidence } from './evidence.ts';
export type { Operations } from './generated/operations.ts';
export type {
  BlockPage,
  BlockView,
  Checkpoints,
  CheckpointView,
  CommandView,
  DevicePage,
  DeviceView,
  EvidencePage,
  EvidenceView,
  JobView,
  LedgerView,
  LinkView,
  OpenedJob,
  OpenJobRequest,
  Problem,
  QuarantinePage,
  QuarantineView,
  QuorumView,
  RoundDetail,
  RoundPage,
  RoundView,
  SwarmEvent,
  SwarmSnapshot,
  SwarmView,
  TrainingView,
  UpdateView,
} from './generated/schemas.ts';
export { type LightReader, type LightReaderOptions, type LightTrust, openLightReader } from './light-reader.ts';
export type { SubscribeOptions, Watcher } from './subscribe.ts';
