import {
  decodeCanonical,
  encode,
  finite,
  type Infer,
  integer,
  list,
  MurmurError,
  oneOf,
  type Result,
  refuse,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '@murmuration/core';
import { STRATEGIES } from '../aggregators/strategies.ts';
import type { MlpSpec } from '../engine/mlp.ts';
import { type PrivateRounds, privateRoundsSchema, problemOfSection } from './private/section.ts';

/** The ledger carries plans of at most this many bytes. */
export const MAX_PLAN_BYTES = 4096;
const MAX_CLASSES = 256;
/** Largest model: 16 million weights, 64 MB. */
const MAX_PARAMETERS = 1 << 24;

const digest = text(64);
const fileSpec = struct({ digest, features: integer(1, 65_536), classes: list(text(64), MAX_CLASSES) });

const datasetSchema = union({
  1: ['names', struct({ languages: list(text(16), MAX_CLASSES), codes: digest, digest })],
  2: ['digits', struct({ train: integer(1, 1_000_000), test: integer(1, 100_000) })],
  3: ['idx', fileSpec],
  4: ['csv', fileSpec],
});

/**
 * What a job learns from. `names`: `codes` is `codesDigest()`, `digest` pins the labelled strings (empty:
 * any ICU will do). `idx` and `csv`: files of the user, `digest` of their bytes, and what they hold.
 */
export type DatasetSpec = Infer<typeof datasetSchema>;

const openSchema = struct({
  dataset: datasetSchema,
  /** `features`: buckets that names are hashed to; other data bring their own width. */
  model: struct({ hidden: integer(1, 4096), features: integer(1, 65_536) }),
  strategy: oneOf(...STRATEGIES),
  /** Liars among all participants that the rule must bear, f. */
  faulty: integer(0, 1000),
  /** Concentration of the Dirichlet split over devices, > 0. */
  alpha: finite,
  /** Of the split, the held-back share, the first model and the order of samples. */
  seed: uint,
  /** Samples a device learns from in a round, going through its own again and again; 0: `localEpochs` passes. */
  localSamples: integer(0, 1_000_000),
  localEpochs: integer(1, 1000),
  batchSize: integer(1, 65_536),
  learningRate: finite,
  /** In round r, from 0, the learning rate is learningRate / (1 + learningRateDecay · r). */
  learningRateDecay: finite,
  /** In [0, 1); starts anew in each round. */
  momentum: finite,
  /** model ← model + serverLearningRate · aggregate. */
  serverLearningRate: finite,
});

/** Everything that the devices of a job must agree on. Its bytes are in the ledger's `open-job`. */
export type TrainingPlan = Infer<typeof openSchema> & {
  /** Replicas see sums of groups only. Left out: they see each update. @see makePrivate */
  readonly privacy?: PrivateRounds;
};

const OPEN_FIELDS = 13;

/** A private plan has one field more; a plan without has the bytes that it always had. */
const planSchema: Schema<TrainingPlan> = {
  toWire: (plan) => {
    const open = openSchema.toWire(plan) as readonly unknown[];
    return plan.privacy === undefined ? open : [...open, privateRoundsSchema.toWire(plan.privacy)];
  },
  fromWire: (wire, path) => {
    if (!Array.isArray(wire) || wire.length !== OPEN_FIELDS + 1) return openSchema.fromWire(wire, path);
    const plan = openSchema.fromWire(wire.slice(0, -1), path);
    return { ...plan, privacy: privateRoundsSchema.fromWire(wire.at(-1), `${path}.privacy`) };
  },
};

/** @returns bytes for `open-job`. @throws PLAN_INVALID */
export function encodePlan(plan: TrainingPlan): Uint8Array {
  const problem = problemOf(plan);
  const bytes = encode(planSchema, plan);
  const reread = decodePlan(bytes);
  if (problem === undefined && reread.ok) return bytes;
  throw new MurmurError({
    code: 'PLAN_INVALID',
    message: `this training plan cannot be used: ${problem ?? (reread.ok ? '' : (reread.detail ?? reread.reason))}`,
    remedy: 'start from defaultPlan and change one value at a time',
  });
}

/** Reads a plan that a peer chose. @returns the plan, a reason of `decode`, or `out-of-range` */
export function decodePlan(bytes: Uint8Array): Result<TrainingPlan> {
  const decoded = decodeCanonical(planSchema, bytes, { maxBytes: MAX_PLAN_BYTES });
  if (!decoded.ok) return decoded;
  const problem = problemOf(decoded.value);
  return problem === undefined ? decoded : refuse('out-of-range', problem);
}

/** The shape of the model that a plan trains. */
export function modelSpec({ dataset, model }: TrainingPlan): MlpSpec {
  switch (dataset.kind) {
    case 'names':
      return { inputs: model.features, hidden: model.hidden, classes: dataset.languages.length };
    case 'digits':
      return { inputs: 28 * 28, hidden: model.hidden, classes: 10 };
    default:
      return { inputs: dataset.features, hidden: model.hidden, classes: dataset.classes.length };
  }
}

function problemOf(plan: TrainingPlan): string | undefined {
  const within: readonly [string, number, number, number][] = [
    ['alpha', plan.alpha, 1e-3, 1e6],
    ['learningRate', plan.learningRate, 1e-9, 100],
    ['learningRateDecay', plan.learningRateDecay, 0, 100],
    ['momentum', plan.momentum, 0, 0.999],
    ['serverLearningRate', plan.serverLearningRate, 1e-6, 100],
  ];
  for (const [name, value, min, max] of within) {
    if (!(value >= min && value <= max)) return `${name} is ${value}, not from ${min} to ${max}`;
  }
  const section = plan.privacy === undefined ? undefined : problemOfSection(plan.privacy);
  if (section !== undefined) return section;
  const { inputs, hidden, classes } = modelSpec(plan);
  if (classes < 2) return `there are ${classes} classes, at least 2 are needed`;
  if (hidden * (inputs + classes + 1) > MAX_PARAMETERS) return `the model has more than ${MAX_PARAMETERS} weights`;
  return undefined;
}
