export { Ckks, type CkksEngine, type CkksOptions, loadCkks } from './ckks.ts';
export { type Decrypted, revealToKeyHolder } from './decrypted.ts';
export type { EncryptOptions, Numbers } from './encrypt.ts';
export { EncryptedSum, expectedSum, type SumRefusal, type SumTerms } from './encrypted-sum.ts';
export type { KeyRefusal } from './key-wire.ts';
export type {
  CkksEvaluationKeys,
  CkksKeyPair,
  CkksPublicKey,
  CkksSecretKey,
  EvaluationKeyOptions,
} from './keys.ts';
export type { Below, CkksParameters, CkksPreset, Level, MultipliableLevel, TopLevel } from './parameters.ts';
export type { Precision } from './precision.ts';
export {
  type PrivateRelease,
  planRelease,
  type ReleaseDeps,
  type Released,
  type ReleaseOptions,
  type ReleasePlan,
  releasePrivately,
} from './release.ts';
export {
  encryptedLinear,
  encryptedLogistic,
  encryptedMean,
  encryptedTotal,
  encryptedVariance,
  type LinearModel,
  LOGISTIC_RANGE,
  totalRotations,
} from './statistics.ts';
export { contributionDigest, type SumFault, verifyEncryptedSum } from './sum-audit.ts';
export type { EncryptedVector } from './vector.ts';
export type { VectorExpectation, VectorRefusal } from './wire.ts';
