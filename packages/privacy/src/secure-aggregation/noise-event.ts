import { type PrivacyEvent, privacyEvent } from '../dp/event.ts';
import { type AggregationPlan, honestSurvivors, noiseShare } from './plan.ts';

/**
 * What one released sum of a plan costs whoever is in it: the sum of h discrete Gaussians of variance σ²/h, their
 * correction τ included (Kairouz, Liu & Steinke 2021), with h the honest survivors that every sum holds. What others add
 * is independent of all data. To be debited before the plan runs, once for each plan that a member takes part in.
 *
 * @param l2 largest L2 norm of one member's integers: that of the quantiser
 * @returns null for a plan without noise: there is no bound
 * @throws OPTION_OUT_OF_RANGE where a member's share has a deviation below 1/2, for which no τ is proven
 */
export function groupNoiseEvent(
  plan: Pick<AggregationPlan, 'minSurvivors' | 'colluders' | 'noiseVariance' | 'length'>,
  l2: number,
): PrivacyEvent | null {
  if (plan.noiseVariance === null) return null;
  const [sigma, shares] = [Math.sqrt(noiseShare(plan)), honestSurvivors(plan)];
  return privacyEvent({ kind: 'discrete-gaussian', sigma, shares, l2, dimension: plan.length });
}
