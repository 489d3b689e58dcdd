import type { PrivacyPlan } from '../event.ts';
import { amplificationRate, sensitivityFactor } from '../relation.ts';

/** The plain sum of ε where every release is purely ε-DP, else Infinity. Sampling at rate q: ln(1 + q(e^ε - 1)). */
export function pureEpsilon({ events, adjacency }: PrivacyPlan): number {
  let sum = 0;
  for (const { mechanism, sampling, count } of events) {
    const rate = amplificationRate(sampling, adjacency);
    if (mechanism.kind === 'pure') sum += count * mechanism.epsilon;
    else if (mechanism.kind === 'laplace') {
      const epsilon = sensitivityFactor(adjacency) / mechanism.scale;
      sum += count * (rate === 1 ? epsilon : Math.log1p(rate * Math.expm1(epsilon)));
    } else if (mechanism.kind === 'discrete-laplace') {
      const epsilon = (sensitivityFactor(adjacency) * mechanism.sensitivity) / mechanism.scale;
      sum += count * (rate === 1 ? epsilon : Math.log1p(rate * Math.expm1(epsilon)));
    } else return Number.POSITIVE_INFINITY;
  }
  return sum;
}
