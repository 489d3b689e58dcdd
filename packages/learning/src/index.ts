export {
  type AggregateOptions,
  type Aggregation,
  aggregate,
  aggregateInSteps,
  toleratedFaulty,
  type Update,
  type Verdict,
} from './aggregators/aggregate.ts';
export type { Rule, RuleInput, RuleOutput } from './aggregators/rule.ts';
export { combine, RULES } from './aggregators/rules.ts';
export { STRATEGIES, type Strategy } from './aggregators/strategies.ts';
export { type Attack, type AttackContext, attacks } from './attacks/attacks.ts';
export { type CsvOptions, parseCsv, standardise } from './datasets/csv.ts';
export {
  checkDataset,
  classCounts,
  type Dataset,
  type DatasetManifest,
  type FeatureMatrix,
  fillBatch,
  majorityShare,
  type SplitDataset,
  takeSamples,
} from './datasets/dataset.ts';
export { type DigitsOptions, defaultDigitsOptions, drawDigit, generateDigits } from './datasets/digits.ts';
export { type DirichletOptions, splitDirichlet } from './datasets/dirichlet.ts';
export { type IdxOptions, parseIdx } from './datasets/idx.ts';
export { type DataFiles, type DataSources, describeFiles, loadData } from './datasets/load.ts';
export { codesDigest, defaultNamesOptions, loadNames, type NamesOptions } from './datasets/names/names.ts';
export { holdOut } from './datasets/split.ts';
export { type MlpSpec, type ParameterSlot, parameterCount, parameterSlots, trainingModel } from './engine/mlp.ts';
export {
  createTrainer,
  type Evaluation,
  type Trainer,
  type TrainRequest,
  type TrainResult,
} from './engine/trainer.ts';
export { runtimeVersions } from './engine/versions.ts';
export { DEFAULT_ROUNDS, defaultPlan } from './rounds/default-plan.ts';
export { type FederatedOptions, type FederatedResult, type FederatedRound, runFederated } from './rounds/federated.ts';
export { type LocalUpdate, type LocalWork, localRandom, localUpdate, splitForPlan } from './rounds/local.ts';
export { applyAggregate, initialModel, modelBytes, modelFromBytes, modelHash } from './rounds/model.ts';
export {
  type DatasetSpec,
  decodePlan,
  encodePlan,
  MAX_PLAN_BYTES,
  modelSpec,
  type TrainingPlan,
} from './rounds/plan.ts';
export { makePrivate, type NoiseChoice, type PrivateChoice } from './rounds/private/choose.ts';
export {
  combineGroups,
  type GroupRelease,
  type GroupRoundOptions,
  type GroupRuleOptions,
  type GroupSum,
  type GroupVerdict,
  planGroups,
} from './rounds/private/groups.ts';
export type { PrivateStep, SumGroup } from './rounds/private/in-process.ts';
export {
  aggregatorOf,
  combinePrivateRound,
  type GroupMember,
  groupResult,
  type PrivateRoundOptions,
  plainGroupSum,
  planPrivateRound,
  privateVector,
  shareNoise,
} from './rounds/private/round.ts';
export type { NoisePromise, PrivateRounds } from './rounds/private/section.ts';
export {
  checkPromise,
  epsilonAfter,
  isPrivate,
  type PrivatePlan,
  type PrivateTerms,
  privacyPlanOf,
  privateTerms,
} from './rounds/private/terms.ts';
export { decodeUpdate, encodeUpdate, type UpdateReason, updateBytes, updateHash } from './rounds/update.ts';
