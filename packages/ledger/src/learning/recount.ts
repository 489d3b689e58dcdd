import type { Turn } from '../turn.ts';
import { decide } from './results.ts';
import { roundKey } from './schema.ts';
import { fixIfAttested } from './updates.ts';

/**
 * Other replicas vote from this block on: open rounds are counted by them. Where they are fewer, what came before may be
 * a quorum already, and nobody says it twice.
 */
export function recountRounds(turn: Turn): void {
  const { jobs, rounds, proofs } = turn.state;
  for (const { job, round, state } of jobs.values()) {
    if (state !== 'running') continue;
    const entry = rounds.get(roundKey(job, round));
    const proof = proofs.get(roundKey(job, round));
    if (entry?.phase === 'collecting') fixIfAttested(turn, entry);
    if (entry?.phase === 'aggregating' && proof !== undefined) decide(turn, entry, proof);
  }
}
