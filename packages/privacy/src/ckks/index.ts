export { Ckks, type CkksEngine, loadCkks } from './ckks.ts';
export { type Decrypted, revealToKeyHolder } from './decrypted.ts';
export type { EncryptOptions, Numbers } from './encrypt.ts';
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
export type { EncryptedVector } from './vector.ts';
export type { VectorExpectation, VectorRefusal } from './wire.ts';
