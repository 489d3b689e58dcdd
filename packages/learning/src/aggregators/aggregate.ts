import type { DeviceId } from '@murmuration/core';
import { dot, gram, norm } from '@murmuration/kernels';
import type { TrainingPlan } from '../rounds/plan.ts';
import { nnmTrimmedMean } from './nnm-trimmed-mean.ts';
import { checkTolerance, checkUpdates, minority, type RuleOutput } from './rule.ts';
import { RULES } from './rules.ts';

export interface Update {
  readonly device: DeviceId;
  readonly delta: Float32Array;
  /** The sender's claim; shown, never a weight. */
  readonly samples: number;
}

/** What became of one update. Equal bits on every replica; the ledger commits it. */
export interface Verdict {
  readonly device: DeviceId;
  /** Whether any of it went into the aggregate. */
  readonly accepted: boolean;
  /** `accepted`, `outlier`, or `not-selected` by the rule. */
  readonly reason: string;
  /** ‖x‖. */
  readonly norm: number;
  /** Between the update and the robust reference; 0 where one of them is zero. */
  readonly cosine: number;
  /** Share in the aggregate, 0 to 1. */
  readonly weight: number;
  /** True only for what no honest device sends. */
  readonly outlier: boolean;
}

export interface Aggregation {
  readonly aggregate: Float32Array;
  /** Sorted by device. */
  readonly verdicts: readonly Verdict[];
  /** ⟨x, r⟩ / ‖r‖² of each update against the robust reference r, in the order of the verdicts. */
  readonly pulls: readonly number[];
  /** f that the rule was applied with. */
  readonly faulty: number;
}

export interface AggregateOptions {
  /**
   * Participants of this job that are quarantined now. They spent that much of the plan's `faulty`: the rule
   * bears faulty − excluded among those who remain. @default 0
   */
  readonly excluded?: number;
}

/**
 * How far an update must push against the robust reference r to be an outlier: ⟨x, r⟩ < −2 ‖r‖². Alone it
 * would undo the round's progress twice. Over 20 seeds of names and digits honest devices stay above −1
 * (simulations/learning.ts), inner-product manipulation by 10 lies near −10.
 */
const OUTLIER_PULL = -2;

/**
 * Sorts by device, drops outliers, applies the plan's rule to the rest. Outliers are those that pull against
 * a robust reference, the clipped, mixed and trimmed mean at the plan's `faulty` (at least 1, as far as n
 * allows), whatever the rule and whoever is excluded; the plain mean looks for none.
 *
 * f is plan.faulty − excluded − outliers found, at least 0 and at most what the rule bears among the rest.
 * So with 7 participants and f = 2: 2 among 7 or 6; 1 among 6 when one is excluded; 0 among 5 when two are.
 *
 * Where the liars that may still be among the senders could be half of them (n ≤ 2 · max(1, faulty −
 * excluded): 4 updates of 7 participants, say), there is no majority to judge by, and nobody is an outlier.
 *
 * @throws AGGREGATE_EMPTY, AGGREGATE_LENGTH, AGGREGATE_NOT_FINITE
 */
export function aggregate(plan: TrainingPlan, updates: readonly Update[], options: AggregateOptions = {}): Aggregation {
  const steps = aggregateInSteps(plan, updates, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * `aggregate` in steps of some milliseconds each, for callers that must stay responsive between them. The same
 * bits. @throws what `aggregate` throws
 */
export function* aggregateInSteps(
  plan: TrainingPlan,
  updates: readonly Update[],
  options: AggregateOptions = {},
): Generator<void, Aggregation> {
  const sorted = [...updates].sort((a, b) => (a.device < b.device ? -1 : 1));
  const rows = sorted.map((update) => update.delta);
  checkUpdates(rows);
  yield;
  const products = gram(rows);
  yield;
  const n = rows.length;
  const referenceFaulty = Math.min(Math.max(1, plan.faulty), minority(n));
  const reference = nnmTrimmedMean.combine({ rows, gram: products, faulty: referenceFaulty });
  yield;
  const pulls = rows.map((row) => pull(row, reference.aggregate));
  const excluded = options.excluded ?? 0;
  const judges = plan.strategy !== 'mean' && minority(n) >= Math.max(1, plan.faulty - excluded);
  const outliers = pulls.map(({ against }) => judges && against < OUTLIER_PULL);
  const kept = rows.map((_, i) => i).filter((i) => !outliers[i]);
  yield;
  const faulty = toleratedFaulty(plan, kept.length, excluded + n - kept.length);
  const known = plan.strategy === 'nnm-trimmed-mean' && kept.length === n && faulty === referenceFaulty;
  const result = known ? reference : applyRule(plan, rows, products, kept, faulty);
  const verdicts = sorted.map(({ device }, i) => {
    const weight = result.weights[kept.indexOf(i)] ?? 0;
    const outlier = outliers[i] as boolean;
    return {
      device,
      accepted: weight > 0,
      reason: outlier ? 'outlier' : weight > 0 ? 'accepted' : 'not-selected',
      norm: Math.sqrt(products[i * n + i] as number),
      cosine: (pulls[i] as Pull).cosine,
      weight,
      outlier,
    };
  });
  return { aggregate: result.aggregate, verdicts, pulls: pulls.map(({ against }) => against), faulty };
}

/** f for n updates when `excluded` participants are already out. */
export function toleratedFaulty(plan: TrainingPlan, n: number, excluded: number): number {
  return Math.max(0, Math.min(plan.faulty - excluded, RULES[plan.strategy].maxFaulty(n)));
}

interface Pull {
  readonly cosine: number;
  /** ⟨x, r⟩ / ‖r‖², 0 where r is zero. */
  readonly against: number;
}

function pull(row: Float32Array, reference: Float32Array): Pull {
  const product = dot(row, reference);
  const length = norm(reference);
  const both = norm(row) * length;
  return {
    cosine: both > 0 ? product / both : 0,
    against: length > 0 ? product / (length * length) : 0,
  };
}

function applyRule(
  plan: TrainingPlan,
  rows: readonly Float32Array[],
  products: Float64Array,
  kept: readonly number[],
  faulty: number,
): RuleOutput {
  const n = rows.length;
  const rule = RULES[plan.strategy];
  checkTolerance(plan.strategy, rule, kept.length, faulty);
  const keptRows = kept.map((i) => rows[i] as Float32Array);
  const keptProducts = Float64Array.from(kept.flatMap((i) => kept.map((j) => products[i * n + j] as number)));
  return rule.combine({ rows: keptRows, gram: keptProducts, faulty });
}
