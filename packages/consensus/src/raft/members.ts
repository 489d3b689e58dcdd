import { type Infer, list, struct } from '@murmuration/core';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { replicaSchema } from '../quorum/statement.ts';

const replicas = list(replicaSchema, MAX_REPLICAS);

/**
 * Who votes. In a joint configuration `outgoing` is the old half and every decision needs a majority of both; else it
 * is empty. `learnersNext` are voters of the old half that become learners on leaving the joint state. All ascend.
 */
export const membersSchema = struct({
  voters: replicas,
  outgoing: replicas,
  learners: replicas,
  learnersNext: replicas,
});

export type Members = Infer<typeof membersSchema>;

export function allVoting(n: number): Members {
  return { voters: Array.from({ length: n }, (_, i) => i), outgoing: [], learners: [], learnersNext: [] };
}

export function isJoint(members: Members): boolean {
  return members.outgoing.length > 0;
}

export function isVoter(members: Members, replica: number): boolean {
  return members.voters.includes(replica) || members.outgoing.includes(replica);
}

/** All that a leader replicates to, ascending. */
export function everyone(members: Members): number[] {
  const all = new Set([...members.voters, ...members.outgoing, ...members.learners, ...members.learnersNext]);
  return [...all].sort((a, b) => a - b);
}

/** Whether a majority of both halves agrees; an empty half does. */
export function agreed(members: Members, agrees: (replica: number) => boolean): boolean {
  return [members.voters, members.outgoing].every((half) => {
    return half.length === 0 || half.filter(agrees).length * 2 > half.length;
  });
}

/** The highest index that a majority of both halves holds. */
export function majorityIndex(members: Members, matchOf: (replica: number) => number): number {
  const halves = [members.voters, members.outgoing].filter((half) => half.length > 0);
  return Math.min(
    ...halves.map((half) => {
      const matches = half.map(matchOf).sort((a, b) => b - a);
      return matches[Math.floor(half.length / 2)] as number;
    }),
  );
}

/** The joint configuration that leads from `now` to these voters and learners. Thesis §4.3. */
export function enterJoint(now: Members, voters: readonly number[], learners: readonly number[]): Members {
  const staysVoter = (replica: number) => now.voters.includes(replica);
  return {
    voters: sorted(voters),
    outgoing: now.voters,
    learners: sorted(learners.filter((replica) => !staysVoter(replica))),
    learnersNext: sorted(learners.filter(staysVoter)),
  };
}

export function leaveJoint(now: Members): Members {
  return {
    voters: now.voters,
    outgoing: [],
    learners: sorted([...now.learners, ...now.learnersNext]),
    learnersNext: [],
  };
}

/** @returns why these cannot be the members of a cluster in a universe of n replicas */
export function wrongMembers(n: number, voters: readonly number[], learners: readonly number[]): string | undefined {
  if (voters.length === 0) return 'no-voters';
  const all = [...voters, ...learners];
  if (all.some((replica) => !Number.isInteger(replica) || replica < 0 || replica >= n)) return 'unknown-replica';
  return new Set(all).size === all.length ? undefined : 'replica-twice';
}

function sorted(replicas: readonly number[]): number[] {
  return [...replicas].sort((a, b) => a - b);
}
