import { assert, type DeviceId, type Timer, toHex } from '@murmuration/core';
import {
  type Aggregation,
  aggregateInSteps,
  applyAggregate,
  decodeUpdate,
  modelBytes,
  modelHash,
  type Update,
} from '@murmuration/learning';
import type { AttestUpdates, CommitResult, RoundEntry } from '@murmuration/ledger';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';
import type { SubmitService } from '../submit-service.ts';
import type { JobContext } from './job-context.ts';
import type { UpdateInbox } from './update-inbox.ts';

/** What the ledger says of the open round, read at one moment. */
export interface OpenRound {
  readonly round: RoundEntry;
  readonly previous: RoundEntry | undefined;
  /** Hash of the model that the round starts from; null for the initial one. */
  readonly base: Uint8Array | null;
}

/** Links of a fresh start take this long at most. */
const SETTLE_MS = 4000;

export interface RefereeDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly submit: SubmitService;
  readonly inbox: UpdateInbox;
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

  async serve(context: JobContext, { round, previous, base }: OpenRound): Promise<void> {
    const key = `${round.job}/${round.round}`;
    if (key !== this.heldRound) {
      this.heldRound = key;
      this.held = new Map();
      this.seen.clear();
    }
    if (round.phase === 'collecting') await this.collect(context, round, previous, key);
    if (round.phase === 'aggregating') await this.conclude(context, round, base, key);
  }

  private async collect(context: JobContext, round: RoundEntry, previous: RoundEntry | undefined, key: string) {
    if (this.attested.has(key) || round.attestedBy.includes(this.deps.identity.device)) return;
    const held: { device: DeviceId; hash: Uint8Array }[] = [];
    for (const { device, hash } of round.updates) {
      if (await this.holds(context, round, device, hash)) held.push({ device, hash });
    }
    if (!this.timeToAttest(context, round, previous, key, new Set(round.updates.map(({ device }) => device)))) return;
    this.attested.add(key);
    const updates = held.sort((a, b) => (a.device < b.device ? -1 : 1));
    this.say({ kind: 'attest-updates', job: round.job, round: round.round, updates });
  }

  /** Whether enough was waited for, given who committed an update so far. */
  private timeToAttest(
    context: JobContext,
    _round: RoundEntry,
    previous: RoundEntry | undefined,
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
    const missing = context
      .participants(this.deps.chain.ledger)
      .filter((device) => (settling || connected.has(device)) && !committed.has(device));
    const elapsed = now - seen.sinceMs;
    if (missing.length === 0 && committed.size > 0) return true;
    const expected = missing.filter((device) => wasThere(previous, device));
    if (expected.length === 0 && committed.size > 0) seen.completeMs ??= now;
    else seen.completeMs = undefined;
    const graceLeft =
      seen.completeMs === undefined ? Number.POSITIVE_INFINITY : seen.completeMs + this.options.graceMs - now;
    const left = Math.min(this.options.deadlineMs - elapsed, graceLeft);
    if (left <= 0) return true;
    this.wakeIn(Math.ceil(left) + 1);
    return false;
  }

  private async holds(context: JobContext, round: RoundEntry, device: DeviceId, hash: Uint8Array): Promise<boolean> {
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
    const readable = decodeUpdate(update, context.weights);
    if (!readable.ok) this.deps.metrics.count('update_refused', { reason: readable.reason });
    else await this.deps.blobs.put('update', update);
    this.held.set(name, readable.ok);
    return readable.ok;
  }

  private async conclude(context: JobContext, round: RoundEntry, base: Uint8Array | null, key: string): Promise<void> {
    const { deps } = this;
    if (this.resulted.has(key) || round.resultsBy.some(({ device }) => device === deps.identity.device)) return;
    const model = await context.modelOf(base);
    if (model === undefined) return;
    const updates: Update[] = [];
    const fixed = round.updates.filter((update) => update.fixed);
    for (const { device, hash, samples } of fixed) {
      const bytes = await deps.blobs.fetch('update', hash, [...round.attestedBy, device]);
      if (!bytes.ok) {
        deps.log.warn('update-missing', { round: key, device });
        this.wakeIn(500);
        return;
      }
      const delta = decodeUpdate(bytes.value, context.weights);
      assert(delta.ok, 'an update that f + 1 replicas attested is readable');
      updates.push({ device, delta: delta.value, samples });
      await this.pause();
    }
    const startMs = deps.clock.monotonicMs();
    const { aggregate: step, verdicts } = await this.aggregate(context, round, updates);
    const next = applyAggregate(model, step, context.plan);
    deps.metrics.observe('aggregate_ms', deps.clock.monotonicMs() - startMs);
    await deps.blobs.put('model', modelBytes(next));
    context.relieve();
    this.resulted.add(key);
    const sorted = [...verdicts].sort((a, b) => (a.device < b.device ? -1 : 1));
    this.say({
      kind: 'commit-result',
      job: round.job,
      round: round.round,
      modelHash: modelHash(next),
      verdicts: sorted,
    });
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
