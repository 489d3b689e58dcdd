/** Cache keys; a list's pages hang below the list's key, so that one call makes all of them stale. */
export const keys = {
  swarm: ['swarm'],
  blocks: ['blocks'],
  evidence: ['evidence'],
  roundsOf: (job: string) => ['rounds', job],
  round: (job: string, round: number) => ['round', job, round],
} as const;
