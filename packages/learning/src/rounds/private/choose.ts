import { checkInteger, checkNumber } from '@murmuration/core';
import { calibrate, createQuantiser, tolerance } from '@murmuration/privacy';
import { parameterCount } from '../../engine/mlp.ts';
import { modelSpec, type TrainingPlan } from '../plan.ts';
import type { NoisePromise } from './section.ts';
import { checkPromise, epsilonAfter, eventOf, type PrivatePlan, privacyPlanOf, privateTerms } from './terms.ts';

export interface PrivateChoice {
  /** Members of a group, 5 to 10. @default 5 — the smallest bears the most poisoners */
  readonly groupSize?: number;
  /** L2 norm that updates are clipped to. */
  readonly clippingNorm: number;
  /** Members of one group that may work with replicas. @default 1 */
  readonly colluders?: number;
  readonly noise: NoiseChoice;
}

/** `budget`: the least noise that keeps (ε, δ) over the whole job. `sigma`: σ of a guaranteed sum over the clipping norm. */
export type NoiseChoice =
  | { readonly kind: 'budget'; readonly epsilon: number; readonly delta: number }
  | { readonly kind: 'sigma'; readonly noiseMultiplier: number; readonly delta: number }
  | { readonly kind: 'none' };

const FINEST = 2 ** 16;
/** The samplers' fast path ends near 4,090. */
const MAX_SHARE_SIGMA = 2048;
/** So that another machine's last digit does not refuse what this one has calibrated. */
const MARGIN = 1 + 1e-9;

/**
 * Makes the rounds of a plan private for so many devices and rounds, with noise calibrated before anything runs.
 * @throws PRIVACY_UNREACHABLE where no noise keeps the budget, PRIVATE_ROUNDS_TOLERANCE, PRIVACY_MODULUS_TOO_SMALL,
 *   OPTION_OUT_OF_RANGE
 */
export function makePrivate(
  plan: TrainingPlan,
  choice: PrivateChoice,
  job: { readonly devices: number; readonly rounds: number },
): PrivatePlan {
  const { groupSize = 5, clippingNorm, colluders = 1, noise } = choice;
  checkInteger('group size', groupSize, 5, 10);
  checkInteger('rounds', job.rounds, 1, 10 ** 6);
  checkNumber('clipping norm', clippingNorm, 1e-6, 1e6);
  const masked: PrivatePlan = {
    ...plan,
    privacy: { groupSize, clippingNorm, levels: FINEST, colluders, noise: null },
  };
  privateTerms(masked, job.devices);
  if (noise.kind === 'none') return masked;
  const { levels, promise } = withNoise(masked, noise, job);
  const chosen: PrivatePlan = { ...plan, privacy: { ...masked.privacy, levels, noise: promise } };
  checkPromise(chosen, privateTerms(chosen, job.devices), job.rounds);
  return chosen;
}

function withNoise(
  plan: PrivatePlan,
  noise: Exclude<NoiseChoice, { kind: 'none' }>,
  { devices, rounds }: { readonly devices: number; readonly rounds: number },
): { readonly levels: number; readonly promise: NoisePromise } {
  const { groupSize, colluders } = plan.privacy;
  const shares = tolerance(devices, groupSize, colluders).honestSurvivors;
  const dimension = parameterCount(modelSpec(plan));
  const l2At = (levels: number) => createQuantiser({ clippingNorm: 1, scale: 1 / levels, dimension }).l2;
  const shareSigma = (multiplier: number, levels: number) => (multiplier * l2At(levels)) / Math.sqrt(shares);
  const multiplierAt = (levels: number) => {
    if (noise.kind === 'sigma') return noise.noiseMultiplier;
    const l2 = l2At(levels);
    const planAt = (multiplier: number) =>
      privacyPlanOf(eventOf(Math.max(0.5, shareSigma(multiplier, levels)), shares, l2, dimension), rounds);
    return calibrate(planAt, noise.epsilon, noise.delta);
  };
  const levels = levelsFor((one) => shareSigma(multiplierAt(FINEST), one), dimension);
  const variance = Math.max(1, Math.ceil(shareSigma(multiplierAt(levels), levels) ** 2));
  const { delta } = noise;
  if (noise.kind === 'budget') return { levels, promise: { epsilon: noise.epsilon, delta, variance } };
  const open: PrivatePlan = {
    ...plan,
    privacy: { ...plan.privacy, levels, noise: { epsilon: 1, delta, variance } },
  };
  const epsilon = epsilonAfter(open, privateTerms(open, devices), rounds) * MARGIN;
  return { levels, promise: { epsilon, delta, variance } };
}

/**
 * The finest grid whose noise the fast sampler draws, but not so coarse that rounding adds more than about an eighth to
 * the norm: levels ≥ √d.
 */
function levelsFor(shareSigma: (levels: number) => number, dimension: number): number {
  let levels = FINEST;
  while (levels > 2 && levels / 2 >= Math.sqrt(dimension) && shareSigma(levels) > MAX_SHARE_SIGMA) levels /= 2;
  return levels;
}
