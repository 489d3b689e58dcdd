export {
  type CkksStatisticsWorker,
  type CkksWorker,
  type CkksWorkerOptions,
  openCkksStatisticsWorker,
  openCkksWorker,
} from './adapters/ckks-host.ts';
export type { SentVector, WorkerKeys, WorkerRelease, WorkerReleased, WorkerSum } from './adapters/ckks-protocol.ts';
export type { LogLevel } from './adapters/file-log.ts';
export {
  type CreateHomeOptions,
  certificateOfHome,
  createHome,
  type Home,
  homeExists,
  openHome,
} from './adapters/home.ts';
export { type PromMetrics, promMetrics } from './adapters/prom-metrics.ts';
export { sqliteStore } from './adapters/sqlite-store.ts';
export { systemClock } from './adapters/system-clock.ts';
export { systemEntropy } from './adapters/system-entropy.ts';
export { type AheadVerifier, createAheadVerifier } from './adapters/verifier-ahead.ts';
export type { SignatureCheck } from './adapters/verifier-batch.ts';
export { openVerifierPool, type VerifierPool, type VerifierPoolOptions } from './adapters/verifier-pool.ts';
export type { VerifierRefusal } from './adapters/verifier-seat.ts';
export { CONFIG_KEYS, type Config, type ConfigName } from './config/keys.ts';
export { type ConfigEntry, type ConfigSources, type LoadedConfig, loadConfig } from './config/load.ts';
export type { RunningDevice, StartDeviceOptions } from './device.ts';
export { backUpDevice, restoreDevice } from './keys/device-backup.ts';
export { areKeysClear, areKeysProtected, deviceStoreOf, type ProtectOptions } from './keys/device-keys.ts';
export { changeHomePassphrase, protectHome, unprotectHome } from './keys/home-keys.ts';
export { addKey, backUpKey, newKey, restoreKey, rotateKey } from './keys/key-desk.ts';
export { type KeyFile, readKeyFile, type SaveOptions, writeKeyFile } from './keys/key-file.ts';
export { passphraseFileOf, readPassphraseFile } from './keys/passphrase-file.ts';
export { type RotateDeviceOptions, type RotatedDevice, rotateDeviceKey } from './keys/rotate-device.ts';
export { type BudgetFile, openBudgetFile } from './privacy/budget-file.ts';
export { type BudgetView, viewBudgetFile } from './privacy/budget-view.ts';
export { readPlanFile, writePlanFile } from './privacy/plan-file.ts';
export { type ToleranceRow, toleranceRow, toleranceTable } from './privacy/tolerance.ts';
export { planAsToml, planTraining, type TrainingAnswer, type TrainingRequest } from './privacy/training-plan.ts';
export { type VerifiedPlan, verifyPlan } from './privacy/verify-plan.ts';
export {
  decodeCheckpoints,
  decodeLightState,
  encodeCheckpoints,
  encodeLightState,
} from './services/light-service.ts';
export { checkData, runControls, startDevice, startSwarm, trainingEngine } from './start.ts';
export type { Controls } from './swarm/controls.ts';
export type { SwarmFolder, SwarmMember } from './swarm/folder.ts';
export { openSwarmFolder, swarmExists } from './swarm/folder.ts';
export type { StartSwarmOptions } from './swarm/start-swarm.ts';
export { type QuarantinedLiar, type SwarmSummary, summarise } from './swarm/summary.ts';
export type { Swarm } from './swarm/swarm.ts';
export { VERSION } from './version.ts';
export type {
  JobView,
  OpenJobRequest,
  PrivateRoundsRequest,
  RoundDetail,
  RoundView,
  UpdateView,
} from './views/learning.ts';
export type { BlockView, CommandView } from './views/ledger.ts';
export type { LightQuestion } from './views/light.ts';
export type { LogEvent, PageQuery, SwarmEvent, SwarmSource } from './views/source.ts';
export type {
  DeviceView,
  LedgerView,
  LinkView,
  QuorumView,
  SwarmSnapshot,
  SwarmView,
  TrainingView,
} from './views/swarm.ts';
export type { EvidenceView, QuarantineView } from './views/trust.ts';
