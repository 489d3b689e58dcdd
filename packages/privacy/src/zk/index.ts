export { bitVector } from './bulletproofs/bit-vector.ts';
export {
  proveRanges,
  type RangeItem,
  type RangeRefusal,
  type RangeStatement,
  ranges,
  verifyRangeBatch,
  verifyRanges,
} from './bulletproofs/range.ts';
export { type BaseFamily, type VectorStatement, vectorOpening } from './bulletproofs/vector-opening.ts';
export { type Circuit, CircuitBuilder, satisfies } from './circuit/builder.ts';
export { circuitClause } from './circuit/clause.ts';
export { bit, choose, mustBeOneOf, mustFit, mustNotBeZero } from './circuit/gadgets.ts';
export { Linear } from './circuit/linear.ts';
export { type Clause, type ProofRefusal, proveAll, readAll, verifyAll } from './clause.ts';
export { decodePoint, type ElementRefusal, type Point, scalars } from './group/group.ts';
export { commit as pedersenCommit, commitVector, type Opening, openingOf } from './group/pedersen.ts';
export { type ContentClassSecrets, type ContentClassStatement, contentClass } from './predicates/content-class.ts';
export {
  commitUpdate,
  type ModelIntegritySecrets,
  type ModelIntegrityStatement,
  modelIntegrity,
} from './predicates/model-integrity.ts';
export {
  type NetworkPath,
  type NetworkPolicySecrets,
  type NetworkPolicyStatement,
  networkPathValues,
  networkPolicy,
} from './predicates/network-policy.ts';
export {
  honestRefusalBound,
  type LiarsSum,
  largeVectorPassBound,
  liarsPassBound,
} from './predicates/projection-bounds.ts';
export { type RegulatorySecrets, type RegulatoryStatement, regulatoryCompliance } from './predicates/regulatory.ts';
export { type Credential, issueCredential, readCredential } from './presentation/credential.ts';
export { createHolderKey, type HolderKey, holderCommitment } from './presentation/holder.ts';
export {
  type Audience,
  type Predicate,
  type PresentationRefusal,
  present,
  type Reading,
  verifyPresentation,
} from './presentation/presentation.ts';
export { ReplayGuard, type ReplayGuardOptions, type ReplayRefusal } from './presentation/replay-guard.ts';
export { knowsOpening, linearRelation, nonZero, type Row } from './sigma/linear-relation.ts';
export { type Membership, oneOutOfMany } from './sigma/one-out-of-many.ts';
export { allHold, type Equation, type Pending, type Term } from './transcript/equations.ts';
export { Transcript, ZK_SUITE } from './transcript/transcript.ts';
