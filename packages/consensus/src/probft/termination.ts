import { checkInteger, type Random } from '@murmuration/core';
import type { SampleSizes } from './parameters.ts';

/**
 * P[X ≥ least], X binomial over `trials` with `chance`. Sums in logarithms, from the largest term out: to about twelve
 * digits for up to thousands of trials.
 */
export function binomialTail(trials: number, chance: number, least: number): number {
  if (least <= 0) return 1;
  if (least > trials || chance <= 0) return 0;
  if (chance >= 1) return 1;
  let logTerm = trials * Math.log1p(-chance);
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= least) sum += Math.exp(logTerm);
    logTerm += Math.log((trials - k) / (k + 1)) + Math.log(chance / (1 - chance));
  }
  return Math.min(1, sum);
}

/**
 * The chance that a correct replica is prepared in one view with a correct leader and f silent replicas: each of the
 * n − f others, and itself, has it in the sample with chance s / n. Exact.
 */
export function preparedChance({ n, q, s }: SampleSizes, silent: number): number {
  checkInteger('silent replicas', silent, 0, n);
  return binomialTail(n - silent, s / n, q);
}

export interface ViewOutcome {
  /** Correct replicas that were prepared, and that decided, of n − f. */
  readonly prepared: number;
  readonly decided: number;
}

/** One view by chance: a correct leader, f silent replicas, every message of the others delivered. */
export function simulateView({ n, q, s }: SampleSizes, silent: number, random: Random): ViewOutcome {
  const correct = n - silent;
  const votes = (senders: readonly number[]): number[] => {
    const received = new Array<number>(n).fill(0);
    for (const _ of senders) for (const to of drawSample(n, s, random)) received[to] = (received[to] as number) + 1;
    return received;
  };
  const reached = (received: readonly number[]) =>
    Array.from({ length: correct }, (_, i) => i).filter((i) => (received[i] as number) >= q);
  const prepared = reached(votes(Array.from({ length: correct }, (_, i) => i)));
  const decided = reached(votes(prepared));
  return { prepared: prepared.length, decided: decided.length };
}

function drawSample(n: number, size: number, random: Random): number[] {
  const places = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const j = i + random.below(n - i);
    [places[i], places[j]] = [places[j] as number, places[i] as number];
  }
  return places.slice(0, size);
}

export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

export interface Termination {
  readonly decidedPerReplica: Estimate;
  readonly allDecided: Estimate;
  readonly preparedPerReplica: Estimate;
}

/** Many views by chance. Replicas of one view depend on each other, so errors are taken over views. */
export function estimateTermination(sizes: SampleSizes, silent: number, runs: number, random: Random): Termination {
  const correct = sizes.n - silent;
  const views = Array.from({ length: runs }, () => simulateView(sizes, silent, random));
  return {
    preparedPerReplica: estimate(views.map(({ prepared }) => prepared / correct)),
    decidedPerReplica: estimate(views.map(({ decided }) => decided / correct)),
    allDecided: estimate(views.map(({ decided }) => (decided === correct ? 1 : 0))),
  };
}

function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}
