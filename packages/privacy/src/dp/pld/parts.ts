import { MurmurError } from '@murmuration/core';
import { treeDepth } from '../accounting/rdp.ts';
import { checkPlan } from '../check-plan.ts';
import { type Mechanism, type PrivacyEvent, type PrivacyPlan, weightsOf } from '../event.ts';
import { type Adjacency, amplificationRate, sensitivityFactor } from '../relation.ts';
import { gaussianPairs } from './gaussian-pair.ts';
import { discreteLaplacePairs, laplacePairs, purePairs } from './laplace-pair.ts';
import type { Directions, LossPair } from './pair.ts';

export interface CountedPair {
  readonly pair: LossPair;
  readonly count: number;
}

/** The plan as dominating pairs, once for each direction that differs. @throws PRIVACY_NO_PLD */
export function directionsOf(plan: PrivacyPlan): readonly (readonly CountedPair[])[] {
  checkPlan(plan);
  const parts = plan.events.filter(releases).map((event) => {
    const directions = pairsOf(event, plan.adjacency);
    if (directions !== undefined) return { directions, count: event.count };
    throw new MurmurError({
      code: 'PRIVACY_NO_PLD',
      message: `"${event.mechanism.kind}" under ${plan.adjacency} has no dominating pair here`,
      remedy: 'use the Rényi accountant for this plan',
      facts: { mechanism: event.mechanism.kind, adjacency: plan.adjacency },
    });
  });
  const remove = parts.map(({ directions, count }) => ({ pair: directions.remove, count }));
  if (parts.every(({ directions }) => directions.symmetric)) return [remove];
  return [remove, parts.map(({ directions, count }) => ({ pair: directions.add, count }))];
}

/**
 * Whether a plan's privacy loss distribution is known: not for discrete Gaussians, bare zCDP bounds, nor mixtures under
 * replace-one. @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function hasPld(plan: PrivacyPlan): boolean {
  checkPlan(plan);
  return plan.events.every((event) => !releases(event) || pairsOf(event, plan.adjacency) !== undefined);
}

function releases({ mechanism }: PrivacyEvent): boolean {
  return !(mechanism.kind === 'pure' && mechanism.epsilon === 0) && !isStill(mechanism);
}

function isStill(mechanism: Mechanism): boolean {
  return mechanism.kind === 'gaussian-mixture' && mechanism.sensitivities.every((s) => s === 0);
}

function pairsOf({ mechanism, sampling }: PrivacyEvent, adjacency: Adjacency): Directions | undefined {
  const factor = sensitivityFactor(adjacency);
  const rate = amplificationRate(sampling, adjacency);
  switch (mechanism.kind) {
    case 'gaussian':
      return sampledGaussian(mechanism.noiseMultiplier / factor, rate);
    case 'laplace':
      return laplacePairs(mechanism.scale / factor, rate);
    case 'discrete-laplace':
      return discreteLaplacePairs(mechanism.scale, factor * mechanism.sensitivity, rate);
    case 'gaussian-mixture':
      // The dominating pair is proven for a record that is there or not.
      return factor === 1 ? gaussianPairs(mechanism.sigma, mechanism.sensitivities, weightsOf(mechanism)) : undefined;
    case 'tree':
      return sampledGaussian(mechanism.noiseMultiplier / (factor * Math.sqrt(treeDepth(mechanism.steps))), 1);
    case 'pure':
      return purePairs(mechanism.epsilon);
    default:
      return undefined;
  }
}

function sampledGaussian(sigma: number, rate: number): Directions {
  return rate === 1 ? gaussianPairs(sigma, [1], [1]) : gaussianPairs(sigma, [0, 1], [1 - rate, rate]);
}
