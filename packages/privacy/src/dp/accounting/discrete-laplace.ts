import { excess, logSumExp } from './moments.ts';
import { amplified } from './rdp-sampled.ts';

/** One value of ln(P/Q) with its probability under Q, the noise around 0; P is the noise around Δ. */
export interface LikelihoodAtom {
  readonly log: number;
  readonly mass: number;
}

/** The likelihood ratios of two discrete Laplace distributions of scale b that lie Δ apart: Δ + 1 values. */
export function discreteLaplaceAtoms(scale: number, shift: number): readonly LikelihoodAtom[] {
  const a = 1 / scale;
  const end = 1 / (1 + Math.exp(-a));
  const atoms: LikelihoodAtom[] = [{ log: -a * shift, mass: end }];
  for (let x = 1; x < shift; x++) atoms.push({ log: a * (2 * x - shift), mass: Math.tanh(a / 2) * Math.exp(-a * x) });
  atoms.push({ log: a * shift, mass: end * Math.exp(-a * shift) });
  return atoms;
}

/** Rényi divergence of order α, sampled at `rate`, in the worse direction. */
export function discreteLaplaceRdp(scale: number, shift: number, rate: number, order: number): number {
  const atoms = discreteLaplaceAtoms(scale, shift);
  const unsampled = logSumExp(atoms.map(({ log, mass }) => Math.log(mass) + order * log)) / (order - 1);
  if (rate === 1) return unsampled;
  const mean = (a: number) => atoms.reduce((sum, { log, mass }) => sum + mass * excess(a, rate * Math.expm1(log)), 0);
  return amplified(Math.log1p(Math.max(mean(order), mean(1 - order))) / (order - 1), unsampled);
}
