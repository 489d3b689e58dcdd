import { assert, type DeviceId, type Timer, toHex } from '@murmuration/core';
import {
  type Aggregation,
  aggregateInSteps,
  applyAggregate,
  decodeUpdate,
  type GroupSum,
  modelBytes,
  modelHash,
  type Update,
} from '@murmuration/learning';
import type { AttestUpdates, CommitResult, RoundEntry, Verdict } from '@murmuration/ledger';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';
import type { SubmitService } from '../submit-service.ts';
import type { JobContext } from './job-context.ts';
import { GROUP_DEADLINES, type PrivateRounds } from './private/private-rounds.ts';
import type { RoundGroups } from './private/round-groups.ts';
import { groupVerdicts } from './private/verdicts.ts';
import type { UpdateInbox } from './update-inbox.ts';

/** What the ledger says of the open round, read at one moment. */
export interface OpenRound {
  readonly round: RoundEntry;
  readonly previous: RoundEntry | undefined;
  /** Hash of the model that the round starts from; null for the initial one. */
  readonly base: Uint8Array | null;
  /** Of a private round; undefined where updates are open. */
  readonly groups: RoundGroups | undefined;
}

interface FixedUpdate {
  readonly device: DeviceId;
  readonly samples: number;
  readonly bytes: Uint8Array;
}

interface Step {
  /** Null where the model stays. */
  readonly change: Float32Array | null;
  readonly verdicts: readonly Verdict[];
}

/** Links of a fresh start take this long at most. */
const SETTLE_MS = 4000;

export interface RefereeDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly submit: SubmitService;
  readonly inbox: UpdateInbox;
  readonly hidden: PrivateRounds;
}

export interface RefereeOptions {
  /** How long an expected update is waited for. */
  readonly deadlineMs: number;
  /** How long a connected device that missed the last round is waited for once all others are there. */
  readonly graceMs: number;
}

/**
 * A replica's part in a round: say which updates it holds, then compute the aggregate itself and commit its
 * hash. Every step starts from the ledger's round, so a restart goes on where the ledger stands.
 */
export class Referee {
  private readonly deps: RefereeDeps;
  private readonly options: RefereeOptions;
  private readonly wake: () => void;
  /** When this replica first saw the round, and first held all that was expected; monotonic. */
  private readonly seen = new Map<string, { sinceMs: number; completeMs: number | undefined }>();
  private readonly attested = new Set<string>();
  private readonly resulted = new Set<string>();
  /** Updates durably held, by hash; emptied with each round. */
  private held = new Map<string, boolean>();
  private heldRound = '';
  private alarm: Timer | undefined;
  private readonly startedMs: number;

  constructor(deps: RefereeDeps, options: RefereeOptions, wake: () => void) {
    this.deps = deps;
    this.options = options;
    this.wake = wake;
    this.startedMs = deps.clock.monotonicMs();
  }

  stop(): void {
    this.alarm?.cancel();
  }

  async serve(context: JobContext, open: OpenRound): Promise<void> {
    const { round } = open;
    const key = `${round.job}/${round.round}`;
    if (key !== this.heldRound) {
      this.heldRound = key;
      this.held = new Map();
      this.seen.clear();
    }
    if (round.phase === 'collecting') await this.collect(context, open, key);
    if (round.phase === 'aggregating') await this.conclude(context, open, key);
  }

  private async collect(context: JobContext, open: OpenRound, key: string) {
    const { round } = open;
    if (this.attested.has(key) || round.attestedBy.includes(this.deps.identity.device)) return;
    const held: { device: DeviceId; hash: Uint8Array }[] = [];
    for (const { device, hash } of round.updates) {
      if (await this.holds(context, open, device, hash)) held.push({ device, hash });
    }
    if (!this.timeToAttest(context, open, key, new Set(round.updates.map(({ device }) => device)))) return;
    this.attested.add(key);
    const updates = held.sort((a, b) => (a.device < b.device ? -1 : 1));
    this.say({ kind: 'attest-updates', job: round.job, round: round.round, updates });
  }

  /** Whether enough was waited for, given who committed an update so far. */
  private timeToAttest(
    context: JobContext,
    { previous, groups }: OpenRound,
    key: string,
    committed: ReadonlySet<DeviceId>,
  ): boolean {
    const { clock, port, identity } = this.deps;
    const now = clock.monotonicMs();
    const seen = this.seen.get(key) ?? { sinceMs: now, completeMs: undefined };
    this.seen.set(key, seen);
    // Right after a start links are still being made: nobody counts as gone yet.
    const settling = now - this.startedMs < SETTLE_MS;
    const connected = new Set([identity.device, ...port.peers()]);
    const asked = groups?.groups.map(({ aggregator }) => aggregator) ?? context.participants(this.deps.chain.ledger);
    const missing = asked.filter((device) => (settling || connected.has(device)) && !committed.has(device));
    const elapsed = now - seen.sinceMs;
    if (missing.length === 0 && (committed.size > 0 || groups?.groups.length === 0)) return true;
    // Another member sums up in each round: who did so in the last one says nothing.
    const expected = missing.filter((device) => groups !== undefined || wasThere(previous, device));
    if (expected.length === 0 && committed.size > 0) seen.completeMs ??= now;
    else seen.completeMs = undefined;
    const graceLeft =
      seen.completeMs === undefined ? Number.POSITIVE_INFINITY : seen.completeMs + this.options.graceMs - now;
    const deadlineMs = this.options.deadlineMs * (groups === undefined ? 1 : GROUP_DEADLINES);
    const left = Math.min(deadlineMs - elapsed, graceLeft);
    if (left <= 0) return true;
    this.wakeIn(Math.ceil(left) + 1);
    return false;
  }

  private async holds(
    context: JobContext,
    { round, groups }: OpenRound,
    device: DeviceId,
    hash: Uint8Array,
  ): Promise<boolean> {
    const name = toHex(hash);
    const known = this.held.get(name);
    if (known !== undefined) return known;
    const update = await this.deps.inbox.find(round.job, round.round, device, hash);
    if (update === undefined) {
      void this.deps.blobs.fetch('update', hash, [device, ...this.deps.port.peers()]).then((fetched) => {
        if (fetched.ok) this.wake();
      });
      return false;
    }
    const readable =
      groups === undefined ? decodeUpdate(update, context.weights) : this.deps.hidden.read(groups, device, update);
    if (!readable.ok) this.deps.metrics.count('update_refused', { reason: readable.reason });
    else await this.deps.blobs.put('update', update);
    this.held.set(name, readable.ok);
    return readable.ok;
  }

  private async conclude(context: JobContext, open: OpenRound, key: string): Promise<void> {
    const { deps } = this;
    const { round, base, groups } = open;
    if (this.resulted.has(key) || round.resultsBy.some(({ device }) => device === deps.identity.device)) return;
    const model = await context.modelOf(base);
    if (model === undefined) return;
    const updates = await this.fixedUpdates(round, key);
    if (updates === undefined) return;
    const startMs = deps.clock.monotonicMs();
    const step =
      groups === undefined ? await this.openStep(context, round, updates) : this.hiddenStep(round, groups, updates);
    const next = step.change === null ? model : applyAggregate(model, step.change, context.plan);
    deps.metrics.observe('aggregate_ms', deps.clock.monotonicMs() - startMs);
    await deps.blobs.put('model', modelBytes(next));
    context.relieve();
    this.resulted.add(key);
    const verdicts = [...step.verdicts].sort((a, b) => (a.device < b.device ? -1 : 1));
    this.say({ kind: 'commit-result', job: round.job, round: round.round, modelHash: modelHash(next), verdicts });
  }

  /** The bytes of the fixed set. @returns undefined where one is not here yet */
  private async fixedUpdates(round: RoundEntry, key: string): Promise<readonly FixedUpdate[] | undefined> {
    const updates: FixedUpdate[] = [];
    for (const { device, hash, samples } of round.updates.filter((update) => update.fixed)) {
      const bytes = await this.deps.blobs.fetch('update', hash, [...round.attestedBy, device]);
      if (!bytes.ok) {
        this.deps.log.warn('update-missing', { round: key, device });
        this.wakeIn(500);
        return undefined;
      }
      updates.push({ device, samples, bytes: bytes.value });
    }
    return updates;
  }

  private async openStep(context: JobContext, round: RoundEntry, fixed: readonly FixedUpdate[]): Promise<Step> {
    const updates: Update[] = [];
    for (const { device, samples, bytes } of fixed) {
      const delta = decodeUpdate(bytes, context.weights);
      assert(delta.ok, 'an update that f + 1 replicas attested is readable');
      updates.push({ device, delta: delta.value, samples });
      await this.pause();
    }
    const { aggregate: change, verdicts } = await this.aggregate(context, round, updates);
    return { change, verdicts };
  }

  /** Sums of groups only. The model stays where too many groups became void. */
  private hiddenStep(round: RoundEntry, groups: RoundGroups, fixed: readonly FixedUpdate[]): Step {
    const sums = fixed.map(({ device, bytes }): GroupSum => {
      const sum = this.deps.hidden.read(groups, device, bytes);
      assert(sum.ok, 'a sum that f + 1 replicas attested is readable');
      return sum.value;
    });
    const release = this.deps.hidden.combine(groups, sums);
    if (!release.ok) this.deps.log.warn('private-round-kept', { round: round.round, reason: release.reason });
    const verdicts = groupVerdicts(groups, sums, release.ok ? release.value : null);
    return { change: release.ok ? release.value.aggregate : null, verdicts };
  }

  /** In steps: votes that arrive meanwhile are not kept waiting. */
  private async aggregate(context: JobContext, round: RoundEntry, updates: readonly Update[]): Promise<Aggregation> {
    const excluded = context.quarantinedAt(this.deps.chain.ledger, round).length;
    const steps = aggregateInSteps(context.plan, updates, { excluded });
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await this.pause();
    }
  }

  /** Lets whatever waits go first. */
  private pause(): Promise<void> {
    return new Promise((resolve) => this.deps.clock.setTimer(0, resolve));
  }

  /** Not awaited: the round goes on with a quorum, and the submission repeats itself until a block holds it. */
  private say(command: AttestUpdates | CommitResult): void {
    void this.deps.submit.submit(command).then((receipt) => {
      this.deps.log.debug(command.kind, { round: `${command.job}/${command.round}`, outcome: receipt.outcome });
    });
  }

  private wakeIn(delayMs: number): void {
    this.alarm?.cancel();
    this.alarm = this.deps.clock.setTimer(delayMs, this.wake);
  }
}

/** A device that missed the last round is not waited for: it serves again as soon as its update comes in time. */
function wasThere(previous: RoundEntry | undefined, device: DeviceId): boolean {
  if (previous === undefined || previous.phase === 'void' || previous.closed?.summary) return true;
  return previous.updates.some((update) => update.device === device && update.fixed);
}
