import {
  accept,
  bytes,
  bytesUpTo,
  decode,
  encode,
  integer,
  list,
  MurmurError,
  type Result,
  refuse,
  type Store,
  struct,
  text,
  uint,
} from '@murmuration/core';
import {
  type AggregationPlan,
  createStatementCommitter,
  type StatementCommitter,
  type StatementCommitterDeps,
  type StatementVote,
} from '@murmuration/privacy';
import { Courier, type CourierDeps, type CourierOptions } from './courier.ts';
import { COMMIT_TOPIC } from './topics.ts';

const VOTES = 'secagg/vote/';
const PAGE = 1000;
const MAX_MEMBERS = 4096;
/** A statement with the signed keys of 4,096 members. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

/** What a server asks a replica to sign; `keys` of a roster, else none. @internal */
export const commitRequestSchema = struct({
  statement: bytesUpTo(256 * 1024),
  keys: list(
    struct({ member: integer(0, MAX_MEMBERS - 1), publicKey: bytesUpTo(2048), signature: bytes(64) }),
    MAX_MEMBERS,
  ),
});
const voteSchema = struct({ job: text(64), round: uint, slot: text(256), statement: text(64) });

export interface CommitServiceDeps extends CourierDeps, StatementCommitterDeps {
  readonly store: Store;
  /** The plan of this digest, where this replica knows it from public data by itself. */
  planOf(digest: Uint8Array): AggregationPlan | undefined;
}

/** A replica's part: signs at most one statement of a kind for each plan, each vote durable before it leaves. */
export class CommitService {
  private readonly store: Store;
  private readonly committer: StatementCommitter;
  private readonly courier: Courier;

  /** @throws VOTES_DAMAGED where a vote in the store cannot be read */
  static async open(deps: CommitServiceDeps, options: CourierOptions = {}): Promise<CommitService> {
    return new CommitService(deps, options, await readVotes(deps.store));
  }

  private constructor(deps: CommitServiceDeps, options: CourierOptions, votes: readonly StatementVote[]) {
    this.store = deps.store;
    this.committer = createStatementCommitter(deps, votes);
    this.courier = new Courier(
      deps,
      COMMIT_TOPIC,
      {
        admit: (_from, plan, _number, total) => {
          if (deps.planOf(plan) === undefined) return refuse('busy');
          return total <= MAX_REQUEST_BYTES ? accept(undefined) : refuse('too-large');
        },
        take: (letter) => {
          const plan = deps.planOf(letter.plan);
          return plan === undefined ? refuse('busy') : this.answer(plan, letter.bytes);
        },
      },
      options,
    );
  }

  /** The plans of these rounds are over: nothing is signed for them again. */
  async retire(job: string, round: number, plans: readonly Uint8Array[] = []): Promise<void> {
    const { vote, forgotten } = this.committer.retire(job, round);
    for (const plan of plans) this.courier.forget(plan);
    await this.save(vote);
    await this.store.write(forgotten.map((slot) => ({ key: VOTES + slot, value: null })));
  }

  private async answer(plan: AggregationPlan, request: Uint8Array): Promise<Result<Uint8Array>> {
    const asked = decode(commitRequestSchema, request, { maxBytes: MAX_REQUEST_BYTES });
    if (!asked.ok) return asked;
    const { statement, keys } = asked.value;
    const signed = this.committer.sign(plan, statement, keys.length === 0 ? undefined : keys);
    if (!signed.ok) return signed;
    if (signed.value.vote !== undefined) await this.save(signed.value.vote);
    return accept(signed.value.signature);
  }

  private save(vote: StatementVote): Promise<void> {
    return this.store.write([{ key: VOTES + vote.slot, value: encode(voteSchema, vote) }]);
  }
}

async function readVotes(store: Store): Promise<readonly StatementVote[]> {
  const votes: StatementVote[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.scan(VOTES, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) {
      const vote = decode(voteSchema, value);
      if (!vote.ok) throw damagedVote(key);
      votes.push(vote.value);
    }
    after = page.at(-1)?.key;
    if (page.length < PAGE) return votes;
  }
}

function damagedVote(key: string): MurmurError {
  return new MurmurError({
    code: 'VOTES_DAMAGED',
    message: `the vote of secure aggregation at ${key} cannot be read. This replica commits to nothing: what it forgot it could contradict`,
    remedy: 'keep the store for analysis, and have the swarm take in a home with a new key in this one’s place',
    facts: { key },
  });
}
