import { checkInteger, checkNumber, MurmurError } from '@murmuration/core';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';

/** What makes agreement cheap, and only probable. */
export interface ProbftParameters {
  /** l ≥ 1: a probabilistic quorum is q = ceil(l √n). */
  readonly quorumFactor: number;
  /** o > 1: a vote goes to a sample of s = min(n, ceil(o q)). */
  readonly sampleFactor: number;
}

export interface SampleSizes {
  readonly n: number;
  /** Votes that make a probabilistic quorum. */
  readonly q: number;
  /** Replicas that one vote is sent to. */
  readonly s: number;
}

/**
 * q and s for n replicas. Where n is small nothing is saved: below 12 (l = 2, o = 1.7) every vote goes to all.
 * @throws OPTION_OUT_OF_RANGE, CONSENSUS_PROBFT_SIZES where q would exceed n
 * @see Avelãs et al. 2024 (ProBFT, arXiv 2405.04606), of which the abstract was read; the rules are in the README
 */
export function sampleSizes(n: number, { quorumFactor, sampleFactor }: ProbftParameters): SampleSizes {
  checkInteger('replicas of ProBFT', n, 1, MAX_REPLICAS_ANALYSED);
  checkNumber('quorumFactor', quorumFactor, 1, 16);
  checkNumber('sampleFactor', sampleFactor, 1, 16);
  const q = Math.ceil(quorumFactor * Math.sqrt(n));
  if (q > n) {
    throw new MurmurError({
      code: 'CONSENSUS_PROBFT_SIZES',
      message: `a probabilistic quorum of ${q} is larger than the ${n} replicas`,
      remedy: 'lower quorumFactor, or use PBFT: ProBFT saves nothing among so few',
      facts: { n, q },
    });
  }
  return { n, q, s: Math.min(n, Math.ceil(sampleFactor * q)) };
}

/** The analysis goes beyond what an engine runs. */
const MAX_REPLICAS_ANALYSED = Math.max(MAX_REPLICAS, 4096);

/**
 * Messages of a decision in the good case: (n − 1) + 2 s (n − 1). The proposal is exact; a vote to a sample that holds
 * its sender costs one less, and (n − 1) s is the expectation over the n senders (exact at s = n).
 */
export function expectedMessages({ n, s }: SampleSizes): number {
  return n - 1 + 2 * s * (n - 1);
}
