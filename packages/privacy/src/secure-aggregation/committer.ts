import { accept, type Result, refuse, toHex } from '@murmuration/core';
import { type ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';
import { type Committee, STATEMENT_DOMAIN, statementToSign } from './committee.ts';
import type { AggregationPlan } from './plan.ts';
import { type RosterRefusal, readRosterStatement, type SignedKey, verifyRoster } from './roster.ts';
import { readSurvivorStatement, type StatementRefusal } from './survivors.ts';

export interface StatementCommitterDeps {
  readonly committee: Committee;
  /** Signs for one replica of the committee. */
  readonly signer: Signer;
  /** The operational public key of a plan's member, as the swarm has certified it. */
  keyOf(plan: AggregationPlan, member: number): Uint8Array | undefined;
  readonly verify?: typeof ed25519Verify;
}

/** What a replica must not forget before its signature leaves. */
export interface StatementVote {
  readonly job: string;
  readonly round: number;
  /** `roster` or `survivors`, and the plan's digest: one statement for each, ever. `over/` and the job: a round's end. */
  readonly slot: string;
  /** SHA3-256 of the statement, hex; empty for a round's end. */
  readonly statement: string;
}

export type CommitterRefusal = RosterRefusal | StatementRefusal | 'signed-another' | 'round-over' | 'too-many-plans';

/** One replica's part in committing to statements. Pure: votes are made durable by the caller. */
export interface StatementCommitter {
  /**
   * Signs a statement that passes this replica's own checks, where it has signed no other of its kind for the plan.
   * Asked again for the same statement it gives the same signature.
   * @param keys of a roster: every key must be signed for this plan by its device
   * @returns the signature; it may leave once `vote` is durable. `vote` is undefined where it stood already
   */
  sign(
    plan: AggregationPlan,
    statement: Uint8Array,
    keys?: readonly SignedKey[],
  ): Result<{ readonly signature: Uint8Array; readonly vote: StatementVote | undefined }, CommitterRefusal>;
  /**
   * Rounds of the job up to this one are over: nothing is signed for them again, and their votes are forgotten.
   * @returns what is to be remembered in their place, and the slots that may go once that is durable
   */
  retire(job: string, round: number): { readonly vote: StatementVote; readonly forgotten: readonly string[] };
}

/** Plans under way at once. */
const MAX_VOTES = 16_384;

/** @param remembered the votes of this replica's earlier lives */
export function createStatementCommitter(
  deps: StatementCommitterDeps,
  remembered: Iterable<StatementVote> = [],
): StatementCommitter {
  const votes = new Map<string, StatementVote>();
  const overUpTo = new Map<string, number>();
  for (const vote of remembered) {
    if (vote.slot === overSlot(vote.job)) overUpTo.set(vote.job, vote.round);
    else votes.set(vote.slot, vote);
  }
  return {
    sign: (plan, statement, keys) => {
      const kind = checkStatement(deps, plan, statement, keys);
      if (!kind.ok) return kind;
      const { job, round } = plan;
      if (round <= (overUpTo.get(job) ?? -1)) return refuse('round-over', `round ${round} of job ${job}`);
      const vote = { job, round, slot: `${kind.value}/${toHex(plan.digest)}`, statement: toHex(sha3_256(statement)) };
      const before = votes.get(vote.slot);
      if (before !== undefined && before.statement !== vote.statement) return refuse('signed-another', vote.slot);
      if (before === undefined && votes.size >= MAX_VOTES) return refuse('too-many-plans', `${MAX_VOTES} votes`);
      votes.set(vote.slot, vote);
      const signature = deps.signer.sign(STATEMENT_DOMAIN, statementToSign(deps.committee, statement));
      return accept({ signature, vote: before === undefined ? vote : undefined });
    },
    retire: (job, round) => {
      const upTo = Math.max(round, overUpTo.get(job) ?? -1);
      overUpTo.set(job, upTo);
      const forgotten = [...votes.values()].filter((vote) => vote.job === job && vote.round <= upTo);
      for (const { slot } of forgotten) votes.delete(slot);
      const vote = { job, round: upTo, slot: overSlot(job), statement: '' };
      return { vote, forgotten: forgotten.map(({ slot }) => slot) };
    },
  };
}

function overSlot(job: string): string {
  return `over/${job}`;
}

/** What this replica can judge by itself: a roster by its signatures, survivors by what any group must satisfy. */
function checkStatement(
  deps: StatementCommitterDeps,
  plan: AggregationPlan,
  statement: Uint8Array,
  keys: readonly SignedKey[] | undefined,
): Result<'roster' | 'survivors', RosterRefusal | StatementRefusal> {
  if (keys === undefined && !readRosterStatement(plan, statement).ok) {
    const sets = readSurvivorStatement(plan, statement);
    return sets.ok ? accept('survivors') : sets;
  }
  const { verify } = deps;
  const keyOf = (member: number) => deps.keyOf(plan, member);
  const checked = verifyRoster(plan, statement, keys ?? [], { keyOf, ...(verify === undefined ? {} : { verify }) });
  return checked.ok ? accept('roster') : checked;
}
