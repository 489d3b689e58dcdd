import { toHex } from '@murmuration/core';
import { decodePlan, isPrivate } from '@murmuration/learning';
import type { JobEntry, LedgerEvent } from '@murmuration/ledger';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';
import type { SubmitService } from '../submit-service.ts';
import { JobContext, type LearningWorld } from './job-context.ts';
import { Participant, type PlantedAttack } from './participant.ts';
import type { OwnBudgetTerms } from './private/own-budget.ts';
import { PrivateRounds } from './private/private-rounds.ts';
import type { RoundGroups } from './private/round-groups.ts';
import { RecordBook, type RoundRecord } from './record-book.ts';
import { Referee } from './referee.ts';
import { UpdateInbox } from './update-inbox.ts';

export interface LearningDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly submit: SubmitService;
  readonly world: LearningWorld;
}

export interface LearningOptions {
  /** How long replicas wait for an expected update. @default 10_000 */
  readonly deadlineMs?: number;
  /** How long they wait for a device that missed the last round, once all others are there. @default 400 */
  readonly graceMs?: number;
  /** False for a device that never sends an update. @default true */
  readonly trains?: boolean;
  readonly attack?: PlantedAttack;
  /** What this device's data may cost in private rounds. @default epsilon 8 at delta 1e-5 */
  readonly privacyBudget?: OwnBudgetTerms;
  /** Told, for people, why this device keeps out of a round. */
  readonly onNotice?: (text: string) => void;
  /** Told about each measurement. */
  readonly onRecord?: (record: RoundRecord) => void;
}

const RETRY_MS = 1000;
/** The largest promise that is more than none: docs/guides/differential-privacy.md. */
const PRIVACY_BUDGET: OwnBudgetTerms = { epsilon: 8, delta: 1e-5 };

/**
 * Carries jobs on: always from what the ledger says now, never from what was heard before. So a restart, a
 * jump by snapshot and a late start are all the ordinary case.
 */
export class LearningService {
  readonly records: RecordBook;
  private readonly deps: LearningDeps;
  private readonly options: LearningOptions;
  private readonly inbox: UpdateInbox;
  private readonly participant: Participant;
  private readonly referee: Referee;
  private readonly hidden: PrivateRounds;
  private context: JobContext | undefined;
  private serving: { key: string; done: Promise<void> } | undefined;
  private readonly openedAt = new Map<string, number>();
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private sampleCount = 0;

  constructor(deps: LearningDeps, options: LearningOptions = {}) {
    this.deps = deps;
    this.options = options;
    this.records = new RecordBook(deps.store);
    this.inbox = new UpdateInbox(deps, () => this.wake());
    this.participant = new Participant({ ...deps, inbox: this.inbox }, options.attack);
    const { deadlineMs = 10_000, graceMs = 400 } = options;
    const budget = options.privacyBudget ?? PRIVACY_BUDGET;
    const onNotice = (text: string) => options.onNotice?.(text);
    this.hidden = new PrivateRounds({ ...deps, inbox: this.inbox }, { deadlineMs, budget, onNotice });
    const { hidden } = this;
    this.referee = new Referee({ ...deps, inbox: this.inbox, hidden }, { deadlineMs, graceMs }, () => this.wake());
    deps.chain.onBlock(({ events }) => {
      for (const event of events) this.note(event);
      this.wake();
    });
    deps.chain.onJump(() => this.wake());
  }

  async start(): Promise<void> {
    await this.records.load();
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.referee.stop();
    this.hidden.stop();
    await this.context?.[Symbol.asyncDispose]();
    await this.running;
  }

  /** Training samples that this device holds for the running job. */
  get samples(): number {
    return this.sampleCount;
  }

  /** Looks at the ledger again. Calls meanwhile are one more look. */
  private wake(): void {
    if (this.stopped) return;
    if (this.running !== undefined) {
      this.again = true;
      return;
    }
    this.running = this.carryOn()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.running = undefined;
        if (!this.again) return;
        this.again = false;
        this.wake();
      });
  }

  private failed(error: unknown): void {
    if (this.stopped) return;
    this.deps.log.error('learning-failed', { error: String(error) });
    this.deps.metrics.count('learning_failed');
    this.retry();
  }

  private retry(): void {
    this.deps.clock.setTimer(RETRY_MS, () => this.wake());
  }

  private async carryOn(): Promise<void> {
    const running = this.deps.chain.ledger.jobs().find(({ state }) => state === 'running');
    if (running === undefined) return;
    const context = await this.open(running);
    // Read anew, and all at one moment: the ledger moves on during every wait.
    const { ledger } = this.deps.chain;
    const job = ledger.job(running.job);
    const round = ledger.round(running.job, job?.round ?? 0);
    if (context === undefined || job === undefined || round === undefined || job.state !== 'running') return;
    this.inbox.forgetBelow(job.job, job.round);
    const previous = ledger.round(job.job, job.round - 1);
    const groups = await this.hidden.open(context, job, round);
    // Whoever asked for secrecy must not get a training in the open.
    if (groups === undefined && isPrivate(context.plan)) return;
    if (round.phase === 'collecting') this.serve(context, job.round, groups);
    if (this.deps.chain.self === undefined) return;
    await this.referee.serve(context, { round, previous, base: job.modelHash, groups });
  }

  private async open(entry: JobEntry): Promise<JobContext | undefined> {
    if (this.context?.job === entry.job) return this.context;
    await this.context?.[Symbol.asyncDispose]();
    this.context = undefined;
    const plan = decodePlan(entry.plan);
    if (!plan.ok) {
      this.deps.log.error('plan-refused', { job: entry.job, reason: plan.reason });
      return undefined;
    }
    const poison = this.options.attack?.attack.poison;
    const deps = poison === undefined ? this.deps : { ...this.deps, poison };
    this.context = new JobContext(deps, entry, plan.value);
    return this.context;
  }

  /** Starts this device's own part of a round, once. */
  private serve(context: JobContext, round: number, groups: RoundGroups | undefined): void {
    const key = `${context.job}/${round}`;
    const { identity, chain } = this.deps;
    if (this.options.trains === false || this.serving?.key === key) return;
    if (!context.participants(chain.ledger).includes(identity.device)) return;
    if (chain.ledger.round(context.job, round)?.updates.some(({ device }) => device === identity.device)) return;
    const before = this.serving?.done ?? Promise.resolve();
    this.serving = {
      key,
      done: before.then(() => this.participate(context, round, groups)).catch((e) => this.failedRound(key, e)),
    };
  }

  private async participate(context: JobContext, round: number, groups: RoundGroups | undefined): Promise<void> {
    const job = this.deps.chain.ledger.job(context.job);
    if (this.stopped || job?.round !== round || job.state !== 'running') return;
    const model = await context.modelOf(job.modelHash);
    if (model === undefined) {
      // Nobody who is connected has handed it over yet.
      this.serving = undefined;
      this.retry();
      return;
    }
    this.sampleCount = await context.samples();
    if (groups === undefined) await this.participant.serve(context, round, model);
    else await this.hidden.serve(context, groups, model, (own) => this.participant.poisonAlone(round, own));
  }

  private failedRound(key: string, error: unknown): void {
    if (this.serving?.key === key) this.serving = undefined;
    this.failed(error);
  }

  private note(event: LedgerEvent): void {
    const nowMs = this.deps.clock.monotonicMs();
    if (event.kind === 'round-opened') this.openedAt.set(`${event.job}/${event.round}`, nowMs);
    if (event.kind === 'round-finalised') void this.closeRound(event.job, event.round, event.modelHash, nowMs);
  }

  private async closeRound(job: string, round: number, hash: Uint8Array | null, nowMs: number): Promise<void> {
    try {
      const openedMs = this.openedAt.get(`${job}/${round}`);
      this.openedAt.delete(`${job}/${round}`);
      const seconds = openedMs === undefined ? null : (nowMs - openedMs) / 1000;
      const measured = await this.records.put({ job, round, seconds });
      this.options.onRecord?.(measured);
      await this.forgetBlobs(job, round);
      const { context } = this;
      if (context?.job !== job || hash === null || this.stopped) return;
      const model = await context.modelOf(hash);
      if (model === undefined) return;
      const { accuracy } = await context.evaluate(model);
      const record = await this.records.put({ job, round, accuracy });
      this.options.onRecord?.(record);
      this.deps.log.info('round', { job, round, accuracy, seconds: record.seconds ?? undefined, model: toHex(hash) });
    } catch (error) {
      this.failed(error);
    }
  }

  /** Updates of rounds before the last closed one are nobody's need; of models the last three stay. */
  private async forgetBlobs(job: string, round: number): Promise<void> {
    const { ledger } = this.deps.chain;
    const old = ledger.round(job, round - 1);
    if (old !== undefined)
      await this.deps.blobs.forget(
        'update',
        old.updates.map(({ hash }) => hash),
      );
    const stale = ledger.round(job, round - 3)?.modelHash ?? null;
    const current = ledger.job(job)?.modelHash ?? null;
    if (stale !== null && current !== null && toHex(stale) !== toHex(current))
      await this.deps.blobs.forget('model', [stale]);
  }
}
