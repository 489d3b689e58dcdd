import { MurmurError } from '@murmuration/core';
import type { Commit } from '../engine.ts';

/** Never undone while at most f replicas lie. */
export interface DeterministicCommit extends Commit {
  readonly finality: 'deterministic';
}

/** Undone with a small chance, and with a large one where an adversary schedules the network. */
export interface ProbabilisticCommit extends Commit {
  readonly finality: 'probabilistic';
}

/**
 * The gate for what must not be undone (money, membership, quarantine): a function that takes a `DeterministicCommit`
 * does not compile with another, and what comes untyped is stopped here.
 * @throws CONSENSUS_NOT_DETERMINISTIC
 */
export function requireDeterministic(commit: Commit): DeterministicCommit {
  if (commit.finality === 'deterministic') return { ...commit, finality: commit.finality };
  throw new MurmurError({
    code: 'CONSENSUS_NOT_DETERMINISTIC',
    message: `the commit at height ${commit.height} has ${commit.finality} finality where deterministic is asked`,
    remedy: 'run this decision through PBFT, QBFT or HotStuff-2',
    facts: { height: commit.height, finality: commit.finality },
  });
}
