import { pruneCertificates } from '../devices/prune-certificates.ts';
import { DETAILED_ROUNDS, PROOF_ROUNDS, SUMMARY_ROUNDS } from '../limits.ts';
import { metaOf } from '../state/ledger-state.ts';
import type { Turn } from '../turn.ts';
import { type RoundEntry, roundKey } from './schema.ts';

/**
 * Bounds history, by the order in which rounds closed: signed commands go after 8 rounds, updates and verdicts
 * after 64, the summary after 4,096. A round that an outlier strike rests on keeps what its evidence needs.
 */
export function pruneRounds(turn: Turn): void {
  const { rounds, proofs } = turn.state;
  const { roundsClosed } = metaOf(turn.state);
  const needed = roundsUnderStrike(turn);
  for (const key of rounds.keys()) {
    const entry = rounds.get(key) as RoundEntry;
    if (entry.closed === null || needed.has(key)) continue;
    const age = roundsClosed - entry.closed.order;
    if (age > PROOF_ROUNDS) proofs.delete(key);
    if (age > SUMMARY_ROUNDS) rounds.delete(key);
    else if (age > DETAILED_ROUNDS && !entry.closed.summary) rounds.set(key, summaryOf(entry));
  }
  pruneCertificates(turn);
}

function summaryOf(entry: RoundEntry): RoundEntry {
  const closed = entry.closed === null ? null : { ...entry.closed, summary: true };
  return { ...entry, updates: [], attestedBy: [], resultsBy: [], verdicts: [], closed };
}

function roundsUnderStrike(turn: Turn): ReadonlySet<string> {
  const strikes = turn.state.outliers.values().flatMap((entry) => entry.rounds);
  return new Set(strikes.map(({ job, round }) => roundKey(job, round)));
}
