import { checkNumber } from '@murmuration/core';
import { minimise } from '../maths/search.ts';

/**
 * ρ of one Gaussian release, 1/2σ², in zero-concentrated differential privacy (Bun & Steinke 2016): D_α ≤ ρα at every
 * order. Rho adds up over releases.
 * @param noiseMultiplier σ, standard deviation over sensitivity, > 0. @throws OPTION_OUT_OF_RANGE
 */
export function gaussianRho(noiseMultiplier: number): number {
  checkNumber('noise multiplier', noiseMultiplier, 1e-150, 1e150);
  return 1 / (2 * noiseMultiplier * noiseMultiplier);
}

/** ε-DP implies ε²/2-zCDP (Bun & Steinke 2016, Proposition 1.4). @param epsilon 0 to 10⁶. @throws OPTION_OUT_OF_RANGE */
export function pureRho(epsilon: number): number {
  checkNumber('epsilon', epsilon, 0, 1e6);
  return (epsilon * epsilon) / 2;
}

/**
 * ε at δ of ρ-zCDP: the least over all real orders of ρα + ln((α-1)/α) - (ln δ + ln α)/(α-1)
 * (Canonne, Kamath & Steinke 2020, Corollary 13).
 * @param rho 0 to 10⁶. @param delta in (0, 1]. @throws OPTION_OUT_OF_RANGE
 */
export function zcdpToEpsilon(rho: number, delta: number): number {
  checkNumber('rho', rho, 0, 1e6);
  checkNumber('delta', delta, Number.MIN_VALUE, 1);
  if (rho === 0) return 0;
  const bound = (logOver: number) => {
    const over = Math.exp(logOver);
    const order = 1 + over;
    return rho * order + Math.log(over / order) - (Math.log(delta) + Math.log(order)) / over;
  };
  return Math.max(0, minimise(bound, -12, 16)[1]);
}

/** δ at ε of ρ-zCDP, at most 1. @param rho and epsilon from 0 to 10⁶. @throws OPTION_OUT_OF_RANGE */
export function zcdpToDelta(rho: number, epsilon: number): number {
  checkNumber('rho', rho, 0, 1e6);
  checkNumber('epsilon', epsilon, 0, 1e6);
  if (rho === 0) return 0;
  const logBound = (logOver: number) => {
    const over = Math.exp(logOver);
    const order = 1 + over;
    return over * (rho * order - epsilon + Math.log(over / order)) - Math.log(order);
  };
  return Math.exp(Math.min(0, minimise(logBound, -12, 16)[1]));
}
