import { createFft } from '../maths/fft.ts';
import type { GridLoss } from './discretise.ts';

/** A composition's law of losses within a window, tilted, with what the window and the arithmetic may have left out. */
export interface Composition {
  readonly h: number;
  /** Loss of masses[0], in steps of h. */
  readonly offset: number;
  /** Untilted masses, each rounded up by the transform's error bound. */
  readonly masses: Float64Array;
  /** At most this mass lies above the window or at infinity. */
  readonly above: number;
}

export interface CountedGrid extends GridLoss {
  readonly count: number;
}

export interface Window {
  readonly h: number;
  /** Points, a power of two. */
  readonly size: number;
  /** Its first loss, in steps of h. */
  readonly offset: number;
  /** Tilt λ ≥ 0 at which the masses are transformed. */
  readonly lambda: number;
  /** A second tilt, for the Chernoff bound on the mass above the window. */
  readonly upperLambda: number;
}

/** Relative slack for the rounding of masses and exponents, ten times what is seen. */
const ROUNDING = 1e-11;

/** Smaller magnitudes count as zero: subnormal numbers are slow, and all of them together stay below FLUSHED. */
const SMALLEST = 1e-60;
const FLUSHED = 1e-50;

/**
 * Composes by FFT of exponentially tilted masses p·exp(λx - K). Tilting moves the law's centre to the ε asked for, so
 * that the transform's absolute error is relative to what matters, also at δ = 1e-14. What wraps around from below
 * only adds; what wraps from above is bounded by Chernoff and added; the transform's error bound (log2 n · 4 units in
 * the 2-norm, Higham 2002, Theorem 24.2) is added to every mass. So the result never undercuts the composition.
 */
export function compose(parts: readonly CountedGrid[], window: Window): Composition {
  const { h, size, offset, lambda, upperLambda } = window;
  const { re, logScale, binError } = productSpectrum(parts, size, h, lambda);
  const masses = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const step = offset + i;
    const tilted = Math.max(0, re[((step % size) + size) % size] as number) + binError;
    // Far below the law's centre the error's untilted bound is huge, even infinite; a mass is at most 1 all the same.
    masses[i] = Math.min(1, tilted * Math.exp(logScale - lambda * step * h) * (1 + ROUNDING));
  }
  const logUpper = parts.reduce((sum, part) => sum + part.count * logMoment(part, h, upperLambda), 0);
  const top = (offset + size) * h;
  const infinite = parts.reduce((sum, part) => sum + part.count * part.infinite, 0);
  return { h, offset, masses, above: Math.min(1, Math.exp(logUpper - upperLambda * top)) + infinite };
}

/** Tilted law of the whole composition, wrapped to `size` points, in `re`. */
function productSpectrum(parts: readonly CountedGrid[], size: number, h: number, lambda: number) {
  const fft = createFft(size);
  const logMagnitude = new Float64Array(size / 2 + 1);
  const phase = new Float64Array(size / 2 + 1);
  const logBound = new Float64Array(size / 2 + 1);
  const relative = new Float64Array(size / 2 + 1);
  const unit = 4 * Math.log2(size) * 2 ** -53;
  let logScale = 0;
  for (const part of parts) {
    const { re, im, log, norm } = tiltedPart(part, size, h, lambda);
    logScale += part.count * log;
    fft.forward(re, im);
    const error = unit * Math.sqrt(size) * norm;
    for (let i = 0; i <= size / 2; i++) {
      const magnitude = Math.sqrt((re[i] as number) ** 2 + (im[i] as number) ** 2);
      logMagnitude[i] = (logMagnitude[i] as number) + part.count * Math.log(magnitude);
      phase[i] = (phase[i] as number) + part.count * Math.atan2(im[i] as number, re[i] as number);
      logBound[i] = (logBound[i] as number) + part.count * Math.log(magnitude + error);
      relative[i] = (relative[i] as number) + (part.count * (error + 4 * unit * magnitude)) / (magnitude + error);
    }
  }
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  let errors = 0;
  for (let i = 0; i <= size / 2; i++) {
    const exact = Math.exp(logMagnitude[i] as number);
    const magnitude = exact < SMALLEST ? 0 : exact;
    re[i] = magnitude * Math.cos(phase[i] as number);
    im[i] = magnitude * Math.sin(phase[i] as number);
    errors += 2 * Math.exp(logBound[i] as number) * (relative[i] as number);
    if (i === 0 || i === size / 2) continue;
    re[size - i] = re[i] as number;
    im[size - i] = -(im[i] as number);
  }
  fft.inverse(re, im);
  return { re, logScale, binError: errors / size + unit + FLUSHED };
}

function tiltedPart(part: GridLoss, size: number, h: number, lambda: number) {
  const log = logMoment(part, h, lambda);
  const re = new Float64Array(size);
  for (let i = 0; i < part.masses.length; i++) {
    const mass = part.masses[i] as number;
    if (mass === 0) continue;
    const step = part.offset + i;
    const tilted = Math.exp(Math.log(mass) + lambda * step * h - log);
    if (tilted < SMALLEST) continue;
    const at = ((step % size) + size) % size;
    re[at] = (re[at] as number) + tilted;
  }
  const squares = re.reduce((sum, value) => sum + value * value, 0);
  return { re, im: new Float64Array(size), log, norm: Math.sqrt(squares) };
}

/** ln Σ p·exp(λx) over the grid. */
function logMoment({ offset, masses }: GridLoss, h: number, lambda: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < masses.length; i++) {
    if ((masses[i] as number) > 0) top = Math.max(top, Math.log(masses[i] as number) + lambda * (offset + i) * h);
  }
  let sum = 0;
  for (let i = 0; i < masses.length; i++) {
    const mass = masses[i] as number;
    if (mass > 0) sum += Math.exp(Math.log(mass) + lambda * (offset + i) * h - top);
  }
  return top + Math.log(sum);
}
