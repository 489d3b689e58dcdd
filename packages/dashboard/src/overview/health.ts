import type { SwarmSnapshot } from '../api/views.ts';
import { plural } from '../format/numbers.ts';
import type { Tone } from '../parts/tag.tsx';

export interface Health {
  readonly tone: Tone;
  readonly word: string;
  /** What it means for who depends on this swarm. */
  readonly says: string;
}

/** The quorum's health as a sentence that names the numbers it rests on. */
export function healthOf({ replicas, quorum, live, health, faultyTolerated }: SwarmSnapshot['quorum']): Health {
  const spare = live - quorum;
  switch (health) {
    case 'healthy':
      return {
        tone: 'ok',
        word: 'Healthy',
        says: `All ${replicas} replicas are live. The ledger stays safe while at most ${faultyTolerated} of them lie or fail.`,
      };
    case 'degraded':
      return {
        tone: 'warn',
        word: 'Degraded',
        says:
          spare > 0
            ? `${live} of ${replicas} replicas are live. Commits go on; ${plural(spare, 'more failure')} can be borne, the next one stops them.`
            : `${live} of ${replicas} replicas are live, exactly a quorum. Commits go on; one more failure stops them.`,
      };
    case 'lost':
      return {
        tone: 'bad',
        word: 'No quorum',
        says: `Only ${live} of ${replicas} replicas are live and ${quorum} are needed. Nothing commits until ${plural(quorum - live, 'more replica')} return. What was committed stays.`,
      };
  }
}
