import {
  type DeviceId,
  type Entropy,
  encode,
  isMurmurError,
  type Result,
  struct,
  toHex,
  uint,
} from '@murmuration/core';
import {
  combinePrivateRound,
  type GroupRelease,
  type GroupSum,
  isPrivate,
  type PrivateTerms,
  privateVector,
  updateHash,
} from '@murmuration/learning';
import type { JobEntry, RoundEntry } from '@murmuration/ledger';
import type { BlobService } from '../../blob-service.ts';
import type { Chain } from '../../chain.ts';
import type { ServiceDeps } from '../../deps.ts';
import type { SubmitService } from '../../submit-service.ts';
import type { JobContext } from '../job-context.ts';
import type { UpdateInbox } from '../update-inbox.ts';
import { encodeGroupUpdate, readGroupUpdate } from './group-update.ts';
import { MaskingDesk } from './masking-desk.ts';
import { OwnBudget, type OwnBudgetTerms } from './own-budget.ts';
import { groupOf, type RoundGroup, type RoundGroups, roundGroups } from './round-groups.ts';

export interface PrivateRoundsDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly submit: SubmitService;
  readonly inbox: UpdateInbox;
}

export interface PrivateRoundsOptions {
  /** How long a group waits for a member's next word. */
  readonly deadlineMs: number;
  readonly budget: OwnBudgetTerms;
  /** Told, for people, why this device keeps out of a round. */
  readonly onNotice: (text: string) => void;
}

/** Longest that a group takes, in deadlines: members may be lost in each of its phases. */
export const GROUP_DEADLINES = 4;
const markSchema = struct({ round: uint });

/** What a device does in private rounds: the groups of the open round, its own part in one of them, and their sums. */
export class PrivateRounds {
  private readonly deps: PrivateRoundsDeps;
  private readonly options: PrivateRoundsOptions;
  private readonly budget: OwnBudget;
  private desk: MaskingDesk | undefined;
  private current: RoundGroups | undefined;
  /** Ends this device's part in the open round. */
  private ending: AbortController | undefined;

  constructor(deps: PrivateRoundsDeps, options: PrivateRoundsOptions) {
    this.deps = deps;
    this.options = options;
    this.budget = new OwnBudget(deps, options.budget);
  }

  /**
   * The groups of the open round; what went on for an earlier one ends.
   * @returns undefined where this device does not have the block that draws them
   */
  async open(context: JobContext, job: JobEntry, round: RoundEntry): Promise<RoundGroups | undefined> {
    const { plan } = context;
    if (!isPrivate(plan)) return undefined;
    const key = keyOf(round);
    if (this.current !== undefined && keyOf(this.current) === key) return this.current;
    this.stop();
    const groups = await roundGroups(this.deps, context, plan, job, round);
    if (groups?.refusal != null) this.keepOut(groups, groups.refusal);
    if (groups !== undefined) await this.deskFor(groups);
    this.current = groups;
    return groups;
  }

  /** Nothing of a round goes on. */
  stop(): void {
    this.ending?.abort();
    this.ending = undefined;
  }

  /**
   * Takes part in the group that this device was drawn into, once: who restarts is a dropout.
   * @param poison a planted liar's change of its update
   */
  async serve(
    context: JobContext,
    round: RoundGroups,
    model: Float32Array,
    poison: (own: Float32Array) => Promise<Float32Array>,
  ): Promise<void> {
    const { identity, store } = this.deps;
    const group = groupOf(round, identity.device);
    const { terms } = round;
    const entropy = this.deps.entropy;
    if (group === undefined || terms === null) return;
    if (entropy === undefined) return this.keepOut(round, 'it has no source of secrets');
    const mark = `learning/private/${keyOf(round)}`;
    if ((await store.get(mark)) !== undefined) return;
    await store.write([{ key: mark, value: encode(markSchema, { round: round.round }) }]);
    this.ending = new AbortController();
    const part = { context, round, group, terms, model, signal: this.ending.signal };
    const sums = group.aggregator === identity.device ? this.sumUp(part) : Promise.resolve();
    await Promise.all([sums, this.takePart(part, entropy, poison)]);
  }

  /** @returns the sum that a replica may attest and combine, or why not */
  read(round: RoundGroups, from: DeviceId, update: Uint8Array): Result<GroupSum> {
    return readGroupUpdate(round, from, update);
  }

  /** The rule over the means of the groups whose sums are given; the others became void. */
  combine({ plan, terms, groups }: RoundGroups, sums: readonly GroupSum[]): Result<GroupRelease, 'too-few-groups'> {
    const all = groups.map(
      (group) => sums.find((sum) => sum.plan === group.plan) ?? { plan: group.plan, result: null },
    );
    return combinePrivateRound(plan, terms as PrivateTerms, all);
  }

  private keepOut(round: RoundGroups, reason: string): void {
    this.deps.log.error('private-round-refused', { round: keyOf(round), reason });
    this.options.onNotice(`${this.deps.name} keeps out of round ${round.round} of ${round.job}: ${reason}`);
  }

  private async deskFor(round: RoundGroups): Promise<MaskingDesk | undefined> {
    const { entropy } = this.deps;
    const { deadlineMs } = this.options;
    if (entropy === undefined || round.terms === null) return undefined;
    const options = { phaseMs: deadlineMs, patienceMs: GROUP_DEADLINES * deadlineMs };
    this.desk ??= await MaskingDesk.open({ ...this.deps, entropy }, options, round);
    await this.desk.turnTo(round);
    return this.desk;
  }

  private async takePart(
    { context, round, group, terms, model, signal }: Part,
    entropy: Entropy,
    poison: (own: Float32Array) => Promise<Float32Array>,
  ): Promise<void> {
    const { log, metrics } = this.deps;
    const name = keyOf(round);
    const trained = await context.train(round.round, model);
    // Whether a device has samples is nobody's business: without any it sends zeros under its masks.
    const delta = trained === undefined ? new Float32Array(context.weights) : await poison(trained.delta);
    if (signal.aborted) return;
    const vector = privateVector(terms, delta, entropy);
    try {
      if (terms.event !== null) {
        const leftEpsilon = await this.budget.debit(round.plan, `round ${name}`, terms.event);
        log.info('private-round-debited', { round: name, leftEpsilon });
      }
    } catch (error) {
      if (!isMurmurError(error)) throw error;
      metrics.count('private_round_refused', { reason: error.code });
      return this.keepOut(round, `${error.code}: ${error.message}`);
    }
    const outcome = await this.desk?.masking.takePart(group.plan, group.aggregator, vector, { signal });
    vector.fill(0);
    log.info('private-round-left', { round: name, outcome: outcome?.kind ?? 'none', reason: outcome?.reason ?? '' });
  }

  /** Sums the group up and commits the sum as the group's update. Its hash is signed once: a restart does not sum again. */
  private async sumUp({ round, group, signal }: Part): Promise<void> {
    const { deps, desk } = this;
    const outcome = await desk?.aggregation.run(group.plan, { signal });
    const survivors = desk?.survivorsOf(group.plan);
    if (outcome?.kind !== 'sum' || survivors === undefined) {
      const why = outcome?.kind === 'void' ? `${outcome.reason}: ${outcome.detail}` : (outcome?.kind ?? 'none');
      deps.metrics.count('private_group_void');
      return deps.log.warn('private-group-void', { round: keyOf(round), group: group.plan.group, why });
    }
    const update = encodeGroupUpdate(group, survivors, outcome.result.sum);
    await deps.blobs.put('update', update);
    deps.inbox.push(round.job, round.round, update);
    const hash = updateHash(update);
    const receipt = await deps.submit.submit({
      kind: 'commit-update',
      job: round.job,
      round: round.round,
      hash,
      // How many samples a device has is not told: the number of members whose vectors are in the sum is.
      samples: outcome.result.survivors.length,
      bytes: update.length,
    });
    deps.log.info('private-group-committed', { round: keyOf(round), hash: toHex(hash), outcome: receipt.outcome });
  }
}

/** One device's part in one round. */
interface Part {
  readonly context: JobContext;
  readonly round: RoundGroups;
  readonly group: RoundGroup;
  readonly terms: PrivateTerms;
  readonly model: Float32Array;
  readonly signal: AbortSignal;
}

function keyOf({ job, round }: { readonly job: string; readonly round: number }): string {
  return `${job}/${String(round).padStart(6, '0')}`;
}
