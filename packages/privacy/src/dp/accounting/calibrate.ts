import { checkNumber, MurmurError } from '@murmuration/core';
import type { PrivacyPlan } from '../event.ts';
import { leastWithin } from '../maths/search.ts';
import { hasPld } from '../pld/parts.ts';
import { pldEpsilon } from '../pld/pld.ts';
import type { Adjacency, Sampling } from '../relation.ts';
import { rdpEpsilon } from './rdp.ts';

export type AccountantName = 'rdp' | 'pld';

export interface GaussianJob {
  readonly epsilon: number;
  readonly delta: number;
  readonly steps: number;
  readonly sampling: Sampling;
  readonly adjacency: Adjacency;
}

const MIN_NOISE = 0.02;
const MAX_NOISE = 1e5;
/** The noise multiplier found by PLD is at most about twice this much larger than the least. */
const PLD_TOLERANCE = 1e-4;
/** A coarser grid than a report's: three times faster, and its ε is only ever larger. */
const PLD_ACCURACY = 1e-4;

/**
 * The least noise multiplier σ/C at which `steps` Gaussian releases keep (ε, δ): to ten digits by Rényi accounting,
 * to four by PLD. What is returned was checked by the same accountant, not extrapolated.
 *
 * @throws PRIVACY_UNREACHABLE where no noise multiplier up to 10⁵ does, OPTION_OUT_OF_RANGE
 */
export function calibrateGaussian(job: GaussianJob, accountant: AccountantName = 'rdp'): number {
  const planOf = (noiseMultiplier: number): PrivacyPlan => ({
    adjacency: job.adjacency,
    events: [{ mechanism: { kind: 'gaussian', noiseMultiplier }, sampling: job.sampling, count: job.steps }],
  });
  return calibrate(planOf, job.epsilon, job.delta, accountant);
}

/**
 * The same for any plan whose ε falls as its noise grows.
 *
 * @param planOf the plan at a noise, which is tried from 0.02 to 10⁵
 * @param epsilon 0 to 10⁶. @param delta in (0, 1]
 * @throws PRIVACY_UNREACHABLE, OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function calibrate(
  planOf: (noise: number) => PrivacyPlan,
  epsilon: number,
  delta: number,
  accountant: AccountantName = 'rdp',
): number {
  checkNumber('epsilon', epsilon, 0, 1e6);
  checkNumber('delta', delta, 1e-20, 1);
  const byRdp = leastWithin((noise) => rdpEpsilon(planOf(noise), delta).epsilon, epsilon, MIN_NOISE, MAX_NOISE, 1e-10);
  if (byRdp === Number.POSITIVE_INFINITY) throw unreachable(epsilon, delta);
  if (accountant === 'rdp' || !hasPld(planOf(byRdp))) return byRdp;
  return refineByPld((noise) => pldEpsilon(planOf(noise), delta, { accuracy: PLD_ACCURACY }), epsilon, byRdp);
}

/** Rényi accounting never asks for less noise than PLD: its answer is the upper end of the search. */
function refineByPld(epsilonAt: (noise: number) => number, epsilon: number, high: number): number {
  let holds = high;
  let below = Math.max(MIN_NOISE, 0.7 * high);
  while (below > MIN_NOISE && epsilonAt(below) <= epsilon) {
    holds = below;
    below = Math.max(MIN_NOISE, 0.7 * below);
  }
  return leastWithin(epsilonAt, epsilon, below, holds, PLD_TOLERANCE);
}

function unreachable(epsilon: number, delta: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_UNREACHABLE',
    message: `no noise multiplier up to ${MAX_NOISE} reaches epsilon ${epsilon} at delta ${delta}`,
    remedy: 'allow a larger epsilon or delta, or plan fewer releases',
    facts: { epsilon, delta },
  });
}
