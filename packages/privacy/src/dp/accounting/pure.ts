import { checkPlan } from '../check-plan.ts';
import type { PrivacyEvent, PrivacyPlan } from '../event.ts';
import { approximately, decimal, type Fraction, over, plus, ZERO } from '../maths/fraction.ts';
import { type Adjacency, amplificationRate, sensitivityFactor } from '../relation.ts';

/**
 * The plain sum of ε where every release is purely ε-DP, else Infinity; added up exactly, so that 0.1 ten times is 1.
 * Sampling at rate q: ln(1 + q(e^ε - 1)).
 * @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function pureEpsilon(plan: PrivacyPlan): number {
  checkPlan(plan);
  let sum = ZERO;
  for (const event of plan.events) {
    const cost = pureCost(event, plan.adjacency);
    if (cost === undefined) return Number.POSITIVE_INFINITY;
    sum = plus(sum, cost);
  }
  return approximately(sum);
}

/** ε of all runs of an event; undefined where it is not purely ε-DP. */
export function pureCost({ mechanism, sampling, count }: PrivacyEvent, adjacency: Adjacency): Fraction | undefined {
  const rate = amplificationRate(sampling, adjacency);
  const factor = sensitivityFactor(adjacency);
  switch (mechanism.kind) {
    case 'pure':
      return plus(ZERO, decimal(mechanism.epsilon), count);
    case 'laplace':
      return plus(ZERO, amplified(over(factor, decimal(mechanism.scale)), rate), count);
    case 'discrete-laplace':
      return plus(ZERO, amplified(over(factor * mechanism.sensitivity, decimal(mechanism.scale)), rate), count);
    default:
      return undefined;
  }
}

function amplified(epsilon: Fraction, rate: number): Fraction {
  if (rate === 1) return epsilon;
  const less = Math.log1p(rate * Math.expm1(approximately(epsilon)));
  // Where the exponential overflows, the bound without amplification stands.
  return Number.isFinite(less) ? decimal(less) : epsilon;
}
