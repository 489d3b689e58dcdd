export { gaussianDelta, gaussianSigma, gdpEstimate } from './dp/accounting/analytic-gaussian.ts';
export { type AccountantName, calibrate, calibrateGaussian, type GaussianJob } from './dp/accounting/calibrate.ts';
export { tau } from './dp/accounting/discrete-gaussian.ts';
export { pureEpsilon } from './dp/accounting/pure.ts';
export {
  type EpsilonAtOrder,
  RDP_ORDERS,
  rdp,
  rdpCurve,
  rdpEpsilon,
  rdpToDelta,
  rdpToEpsilon,
  treeDepth,
} from './dp/accounting/rdp.ts';
export { gaussianRho, pureRho, zcdpToDelta, zcdpToEpsilon } from './dp/accounting/zcdp.ts';
export type { BudgetAccount, BudgetTerms } from './dp/budget/account.ts';
export {
  type BudgetDeps,
  type BudgetLedger,
  type Charge,
  createBudgetLedger,
  type Receipt,
} from './dp/budget/ledger.ts';
export type { BudgetStatus } from './dp/budget/status.ts';
export {
  checkPlan,
  type DiscreteGaussian,
  type DiscreteLaplace,
  type Mechanism,
  type PrivacyEvent,
  type PrivacyPlan,
  privacyEvent,
} from './dp/event.ts';
export {
  chiSquareFit,
  discreteGaussianProbability,
  discreteLaplaceProbability,
  type GoodnessOfFit,
} from './dp/maths/chi-square.ts';
export { createDiscreteGaussian } from './dp/noise/discrete-gaussian.ts';
export { createDiscreteLaplace } from './dp/noise/discrete-laplace.ts';
export { drawPoisson, type PoissonDraw } from './dp/noise/poisson.ts';
export { atLeast, type Rational, rational, toNumber } from './dp/noise/rational.ts';
export type { NoiseSampler } from './dp/noise/sampler.ts';
export { createTreeNoise, type TreeNoise } from './dp/noise/tree.ts';
export { hasPld } from './dp/pld/parts.ts';
export { type PldOptions, pldDelta, pldEpsilon } from './dp/pld/pld.ts';
export {
  checkHeadroom,
  clip,
  createQuantiser,
  type Quantised,
  type Quantiser,
  type QuantiserOptions,
  roundedSquaredNorm,
} from './dp/quantise.ts';
export { type Adjacency, amplificationRate, type Sampling, sensitivityFactor } from './dp/relation.ts';
export { type Query, type Sensitivity, sensitivityOf } from './dp/sensitivity.ts';
export { type Guarantee, type Verification, verifyGuarantees } from './dp/verify.ts';
export {
  AGGREGATION_SUITE,
  type AggregationPlan,
  type AggregationResult,
  type Aggregator,
  type AggregatorDeps,
  type AggregatorEffect,
  type AggregatorInput,
  type AggregatorPhase,
  applyMask,
  type ClientEffect,
  type ClientInput,
  type ClientPhase,
  createAggregator,
  createMaskGraph,
  createMaskingClient,
  createPlan,
  drawGroups,
  fromIntegers,
  honestSurvivors,
  MAX_COMPLETE,
  type MaskGraph,
  type MaskingClient,
  type MaskingClientDeps,
  MIN_GROUP_SIZE,
  type NoiseSource,
  noiseShare,
  type PlanOptions,
  type Rounded,
  readSurvivorStatement,
  roundToIntegers,
  type StatementRefusal,
  type SurvivorSets,
  shareThreshold,
  sumBound,
  survivorStatement,
  type ToleranceRow,
  thresholdTable,
  tolerance,
  type VoidReason,
} from './secure-aggregation/index.ts';
