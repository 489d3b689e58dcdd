import type { Composition } from './compose.ts';

export interface FoundEpsilon {
  readonly epsilon: number;
  /** δ is met at the window's lowest loss already: the least ε lies there or below. */
  readonly belowWindow: boolean;
}

/** The least ε with δ(ε) = Σ_{x > ε} p(x)(1 - exp(ε - x)) + p(above) ≤ δ. Infinity where `above` alone exceeds δ. */
export function epsilonAt({ h, offset, masses, above }: Composition, delta: number): FoundEpsilon {
  if (above > delta) return { epsilon: Number.POSITIVE_INFINITY, belowWindow: false };
  const shrink = Math.exp(-h);
  const gain = -Math.expm1(-h);
  // At loss kh: `excess` = Σ_{j>k} p_j(1 - e^((k-j)h)), `weight` = Σ_{j>k} p_j e^((k-j)h). All terms are positive.
  let excess = 0;
  let weight = 0;
  for (let i = masses.length - 2; i >= 0; i--) {
    const next = weight + (masses[i + 1] as number);
    excess += gain * next;
    weight = shrink * next;
    if (excess + above > delta) {
      const epsilon = (offset + i) * h + Math.log1p((excess + above - delta) / weight);
      return { epsilon, belowWindow: false };
    }
  }
  return { epsilon: offset * h, belowWindow: true };
}

/** δ at ε. Where ε lies below the window, at the window's lowest loss the masses count in full: still a bound. */
export function deltaAt({ h, offset, masses, above }: Composition, epsilon: number): number {
  let delta = above;
  for (let i = masses.length - 1; i >= 0; i--) {
    const over = (offset + i) * h - epsilon;
    if (over <= 0) return delta;
    delta -= (masses[i] as number) * Math.expm1(-over);
  }
  return delta;
}
