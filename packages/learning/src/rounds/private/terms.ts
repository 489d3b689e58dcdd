import { MurmurError } from '@murmuration/core';
import {
  checkHeadroom,
  createQuantiser,
  type PrivacyEvent,
  type PrivacyPlan,
  privacyEvent,
  type Quantiser,
  rdpEpsilon,
  type ToleranceRow,
  tolerance,
} from '@murmuration/privacy';
import { RULES } from '../../aggregators/rules.ts';
import { parameterCount } from '../../engine/mlp.ts';
import { modelSpec, type TrainingPlan } from '../plan.ts';
import type { PrivateRounds } from './section.ts';

/** A plan whose rounds are private. */
export type PrivatePlan = TrainingPlan & { readonly privacy: PrivateRounds };

/** What a private plan means for so many devices: everything follows from the plan, none of it is negotiated. */
export interface PrivateTerms {
  /** What the grouping bears; to be shown wherever the mode is chosen. */
  readonly tolerance: ToleranceRow;
  /** Weights of the model. */
  readonly length: number;
  readonly quantiser: Quantiser;
  /** What one integer stands for. */
  readonly scale: number;
  /** Largest magnitude of a client's integer, before noise. */
  readonly bound: number;
  /** What one round costs each device's data; null for masks only. */
  readonly event: PrivacyEvent | null;
}

export function isPrivate(plan: TrainingPlan): plan is PrivatePlan {
  return plan.privacy !== undefined;
}

/**
 * Works out the terms, and refuses a plan that they do not keep.
 * @param devices that take part in a round
 * @throws PRIVATE_ROUNDS_TOLERANCE where the plan's liars are more than groups of that size bear,
 *   PRIVACY_MODULUS_TOO_SMALL, OPTION_OUT_OF_RANGE
 */
export function privateTerms(plan: PrivatePlan, devices: number): PrivateTerms {
  const { clippingNorm, levels, noise } = plan.privacy;
  const row = checkedTolerance(plan, devices);
  const length = parameterCount(modelSpec(plan));
  const scale = clippingNorm / levels;
  const quantiser = createQuantiser({ clippingNorm, scale, dimension: length });
  const largest = Math.ceil(devices / row.groups);
  // createPlan leaves room for 12 standard deviations of all shares, checkHeadroom for ten.
  const sigma = 1.2 * Math.sqrt(largest * (noise?.variance ?? 0));
  checkHeadroom({ clients: largest, l2: quantiser.l2, sigma, bits: 32 });
  const shares = row.honestSurvivors;
  const event = noise === null ? null : eventOf(Math.sqrt(noise.variance), shares, quantiser.l2, length);
  return { tolerance: row, length, quantiser, scale, bound: Math.floor(quantiser.l2), event };
}

/** One round for one device: its group's sum, of which the rule makes the rest without looking at data again. */
export function eventOf(sigma: number, shares: number, l2: number, dimension: number): PrivacyEvent {
  return privacyEvent({ kind: 'discrete-gaussian', sigma, shares, l2, dimension });
}

/**
 * The client-level plan of `rounds` rounds: neighbours differ by all that one device contributes, in all rounds. That a
 * device takes part is public, and nothing is gained by sampling: groups partition all devices in each round.
 */
export function privacyPlanOf(event: PrivacyEvent, rounds: number): PrivacyPlan {
  return { adjacency: 'add-or-remove-one', events: [{ ...event, count: rounds }] };
}

/** ε at the plan's δ after so many rounds; Infinity without noise. */
export function epsilonAfter(plan: PrivatePlan, terms: PrivateTerms, rounds: number): number {
  const { noise } = plan.privacy;
  if (noise === null || terms.event === null) return Number.POSITIVE_INFINITY;
  return rounds === 0 ? 0 : rdpEpsilon(privacyPlanOf(terms.event, rounds), noise.delta).epsilon;
}

/**
 * Refuses a job that costs more than its plan promises: who opened it may have written down any noise.
 * @throws PRIVATE_ROUNDS_BUDGET
 */
export function checkPromise(plan: PrivatePlan, terms: PrivateTerms, rounds: number): void {
  const { noise } = plan.privacy;
  if (noise === null) return;
  const spent = epsilonAfter(plan, terms, rounds);
  if (spent <= noise.epsilon) return;
  throw new MurmurError({
    code: 'PRIVATE_ROUNDS_BUDGET',
    message: `${rounds} private rounds cost epsilon ${spent.toPrecision(6)} at delta ${noise.delta}, and the plan promises ${noise.epsilon}`,
    remedy:
      'choose the noise with makePrivate (`murmur train --private --epsilon`), which calibrates it for all rounds',
    facts: { rounds, spent, epsilon: noise.epsilon, delta: noise.delta },
  });
}

function checkedTolerance(plan: PrivatePlan, devices: number): ToleranceRow {
  const { groupSize, colluders } = plan.privacy;
  const row = tolerance(devices, groupSize, colluders);
  const { groups, poisoners, threshold, dropouts, honestSurvivors } = row;
  const byRule = RULES[plan.strategy].maxFaulty(groups);
  // A sum with fewer than two honest members is one device's update, and one group is a sum without a rule.
  if (groups >= 2 && honestSurvivors >= 2 && plan.faulty <= Math.min(poisoners, byRule)) return row;
  throw new MurmurError({
    code: 'PRIVATE_ROUNDS_TOLERANCE',
    message: `${devices} devices in groups of ${groupSize} make ${groups} groups: training bears ${poisoners} poisoners (2f < groups), "${plan.strategy}" ${byRule}, the plan expects ${plan.faulty}. Of each group with ${colluders} colluders ${dropouts} may drop out (threshold ${threshold}), and ${honestSurvivors} honest members are in each sum`,
    remedy:
      'take more devices or smaller groups, expect fewer liars or colluders; `murmur privacy plan --devices` shows the table',
    facts: { devices, groupSize, groups, poisoners, byRule, faulty: plan.faulty, colluders, honestSurvivors },
  });
}
