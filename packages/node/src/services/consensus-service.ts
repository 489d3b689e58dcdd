import type { Epochs, EpochsEffect, EpochsEvent, EpochsStatus, ReplicaSet } from '@murmuration/consensus';
import { type Change, type DeviceId, MurmurError, type Timer } from '@murmuration/core';
import { type Block, blocksToPrune } from './block-store.ts';
import { checkpointChanges } from './checkpoint-store.ts';
import type { ServiceDeps } from './deps.ts';
import { readHead, snapshotChanges } from './snapshot-store.ts';
import { keyInUseElsewhere, VoteJournal } from './vote-journal.ts';

const TOPIC = 'pbft';
const RETAINED_BLOCKS = 4096;

type StableCheckpoint = Extract<EpochsEffect, { kind: 'stableCheckpoint' }>;

export interface ConsensusOptions {
  /** Heights between snapshots; the engine's checkpoint interval. */
  readonly checkpointInterval: number;
  /**
   * Blocks kept below the newest stable checkpoint, for peers that catch up and for screens; who asks for an older
   * one gets the snapshot instead. Checkpoint certificates, epoch proofs and evidence are never pruned by it.
   * @default 4096 — a minute of absence at 64 blocks a second, and at most 1 GiB of full blocks
   */
  readonly retainBlocks?: number;
}

export interface ConsensusHooks {
  /** Others are provably ahead. */
  onBehind(height: number, from: DeviceId): void;
  /** @param epoch of those who signed it */
  onEvidence(evidence: Uint8Array, epoch: number): void;
  /** The store failed: nothing may be sent any more. */
  onFatal(error: unknown): void;
  /** Once, before the first vote of this process leaves. */
  onVoter?(): Promise<void>;
}

/** The state machine that blocks are applied to. `Chain` is one. */
export interface ReplicatedChain {
  readonly height: number;
  readonly stateRoot: Uint8Array;
  readonly ledger: { chunks(): readonly Uint8Array[] };
  /** As the state has them, ascending. @default they never change */
  readonly epochs?: readonly { readonly set: ReplicaSet; readonly baseHeight: number }[];
  change(block: Block): Change;
  apply(block: Block): unknown;
  /** What proves the next replica set under the state at `height`, where an epoch ended there lately. */
  epochProof?(height: number): Uint8Array | undefined;
}

export type ConsensusDeps = Pick<ServiceDeps, 'port' | 'store' | 'clock' | 'metrics'> & {
  readonly chain: ReplicatedChain;
  readonly epochs: Epochs;
};

/**
 * Drives the engines: their effects are carried out in order, and what they want kept is durable before any later
 * message leaves. All effects of one tick share one write.
 */
export class ConsensusService {
  private readonly deps: ConsensusDeps;
  private readonly chain: ReplicatedChain;
  private readonly epochs: Epochs;
  private readonly options: ConsensusOptions;
  private readonly hooks: ConsensusHooks;
  private readonly votes: VoteJournal;
  private readonly timers = new Map<string, Timer>();
  /** States that others may soon certify. */
  private readonly snapshots = new Map<number, readonly Uint8Array[]>();
  private queue: EpochsEffect[] = [];
  private busy = false;
  private draining: Promise<void> = Promise.resolve();
  private stopped = false;
  private isVoter = false;
  /** What the engines know: the last height that they were told of, and the last epoch. */
  private told = { height: 0, epoch: 0 };

  constructor(deps: ConsensusDeps, options: ConsensusOptions, hooks: ConsensusHooks) {
    this.deps = deps;
    this.chain = deps.chain;
    this.epochs = deps.epochs;
    this.options = options;
    this.hooks = hooks;
    this.votes = new VoteJournal(deps.store);
  }

  /** @throws VOTES_DAMAGED, KEY_IN_USE_ELSEWHERE, CONSENSUS_JOURNAL_DAMAGED: then nothing was sent */
  async start(): Promise<void> {
    const records = await this.votes.read();
    this.deps.port.onMessage(TOPIC, (from, bytes) => this.step({ kind: 'message', nowMs: this.nowMs(), from, bytes }));
    this.told = { height: this.chain.height, epoch: this.status.set.epoch };
    this.step({ kind: 'start', nowMs: this.nowMs(), records, executed: this.executed() });
    this.tellChanges();
  }

  get status(): EpochsStatus {
    return this.epochs.status;
  }

  /** Of the engine; undefined while this device does not vote. */
  get view(): number | undefined {
    return this.status.engine?.view;
  }

  /** @returns false where this device does not vote: then somebody else has to order it */
  propose(request: Uint8Array): boolean {
    if (this.status.self === null) return false;
    this.step({ kind: 'propose', nowMs: this.nowMs(), request });
    return true;
  }

  /** The chain moved on without the engine: by certified blocks or a snapshot of peers. */
  installed(): void {
    this.tellHeight('installed');
  }

  /** Nothing is sent or voted after this; resolves when what was under way is durable. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.draining;
  }

  private nowMs(): number {
    return this.deps.clock.nowMs();
  }

  private executed() {
    return { height: this.chain.height, stateDigest: this.chain.stateRoot };
  }

  /** First who decides from when on, so that no vote is cast where that is not known; then how far the state is. */
  private tellHeight(kind: 'executed' | 'installed'): void {
    this.tellChanges();
    // Blocks that peers gave in between were not told of one by one.
    const jumped = this.chain.height !== this.told.height + 1;
    this.told.height = this.chain.height;
    this.step({ kind: jumped ? 'installed' : kind, nowMs: this.nowMs(), ...this.executed() });
  }

  private tellChanges(): void {
    for (const { set: next, baseHeight: lastHeight } of this.chain.epochs ?? []) {
      if (next.epoch <= this.told.epoch) continue;
      this.told.epoch = next.epoch;
      this.step({ kind: 'reconfigure', nowMs: this.nowMs(), next, lastHeight });
    }
  }

  private step(event: EpochsEvent): void {
    if (this.stopped) return;
    const effects = this.epochs.step(event);
    if (effects.length === 0) return;
    for (const effect of effects) this.queue.push(effect);
    if (!this.busy) this.draining = this.drain();
  }

  private async drain(): Promise<void> {
    this.busy = true;
    try {
      while (this.queue.length > 0 && !this.stopped) {
        const batch = this.queue;
        this.queue = [];
        if (!this.isVoter && batch.some(makesVoter)) {
          await this.hooks.onVoter?.();
          this.isVoter = true;
        }
        const changes = this.votes.changes(batch);
        if (changes.length > 0) await this.deps.store.write(changes, { durable: batch.some(isDurable) });
        for (const effect of batch) this.perform(effect);
      }
    } catch (error) {
      this.stopped = true;
      this.hooks.onFatal(error);
    } finally {
      this.busy = false;
    }
  }

  private perform(effect: EpochsEffect): void {
    switch (effect.kind) {
      case 'persist':
      case 'epoch':
        break;
      case 'send':
        this.send(effect);
        break;
      case 'setTimer':
        this.setTimer(effect.id, effect.delayMs);
        break;
      case 'cancelTimer':
        this.timers.get(effect.id)?.cancel();
        this.timers.delete(effect.id);
        break;
      case 'commit':
        this.commit(effect.commit);
        break;
      case 'evidence':
        this.hooks.onEvidence(effect.evidence, effect.epoch);
        break;
      case 'behind':
        this.hooks.onBehind(effect.height, effect.from);
        break;
      case 'stableCheckpoint':
        this.keepSnapshot(effect);
        break;
      case 'diverged':
        this.diverged(effect.height);
        break;
      case 'refused':
        this.deps.metrics.count('consensus_refused', { reason: effect.reason });
        break;
      case 'duplicated':
        this.duplicated(effect);
        break;
    }
  }

  private send({ to, bytes }: Extract<EpochsEffect, { kind: 'send' }>): void {
    for (const device of to) {
      const sent = this.deps.port.send(device, TOPIC, bytes);
      if (!sent.ok) this.deps.metrics.count('consensus_unsent', { reason: sent.reason });
    }
  }

  private setTimer(id: string, delayMs: number): void {
    this.timers.get(id)?.cancel();
    const timer = this.deps.clock.setTimer(delayMs, () => {
      if (this.timers.get(id) !== timer) return;
      this.timers.delete(id);
      this.step({ kind: 'timer', nowMs: this.nowMs(), id });
    });
    this.timers.set(id, timer);
  }

  private commit(commit: Block): void {
    if (commit.height <= this.chain.height) return;
    // Neither awaited nor synced: a quorum's votes are durable, so a block that a crash swallows is delivered again.
    this.keep([this.chain.change(commit)]);
    this.chain.apply(commit);
    const { height } = this.chain;
    if (height % this.options.checkpointInterval === 0 || this.chain.epochProof?.(height) !== undefined) {
      this.snapshots.set(height, this.chain.ledger.chunks());
      this.forgetSnapshots(height - 2 * this.options.checkpointInterval);
    }
    this.tellHeight('executed');
  }

  private keep(changes: readonly Change[]): void {
    this.deps.store.write(changes, { durable: false }).catch((error: unknown) => this.hooks.onFatal(error));
  }

  private keepSnapshot(effect: StableCheckpoint): void {
    const held = this.snapshots.get(effect.height);
    this.forgetSnapshots(effect.height);
    void this.keepCheckpoint(effect, held).catch((error: unknown) => this.hooks.onFatal(error));
  }

  /** The certificate for light clients, the state for laggards, and what the two make superfluous goes. */
  private async keepCheckpoint(effect: StableCheckpoint, chunks: readonly Uint8Array[] | undefined): Promise<void> {
    const { store } = this.deps;
    const { epoch, height, stateDigest, certificate } = effect;
    const proof = this.chain.epochProof?.(height);
    const epochProof = proof ?? new Uint8Array(0);
    const changes = [...(await checkpointChanges(store, { epoch, height, stateDigest, certificate, epochProof }))];
    const known = await readHead(store);
    if (chunks !== undefined && (known === undefined || known.name.height < height)) {
      const name = { height, stateRoot: stateDigest, certificate };
      changes.push(...(await snapshotChanges(store, { name, chunks })));
      // Only with the snapshot in hand: a peer that asks for a pruned block gets it instead.
      changes.push(...(await blocksToPrune(store, height - (this.options.retainBlocks ?? RETAINED_BLOCKS))));
    }
    // How an epoch ended is certified only while its replicas still answer.
    await store.write(changes, { durable: proof !== undefined });
  }

  /** This device computed another state than a quorum did: it must not vote on, and a person must look. */
  private diverged(height: number): void {
    this.stopped = true;
    const error = new MurmurError({
      code: 'STATE_DIVERGED',
      message: `the state of this device at height ${height} differs from the one that a quorum certified`,
      remedy: 'keep the home for analysis; a replica joins again under a new key, since it must not forget its votes',
      facts: { height },
    });
    this.hooks.onFatal(error);
  }

  /** Two processes run with one key: this one stops before it contradicts the other. */
  private duplicated({ phase, view, height, conflicting }: Extract<EpochsEffect, { kind: 'duplicated' }>): void {
    if (this.stopped) return;
    this.stopped = true;
    const against = conflicting ? ', which contradicts a vote of this one' : '';
    const why = `it signed a ${phase} for view ${view} and height ${height}${against}`;
    void this.votes.forbid(why).then(
      () => this.hooks.onFatal(keyInUseElsewhere(why)),
      (error: unknown) => this.hooks.onFatal(error),
    );
  }

  private forgetSnapshots(upTo: number): void {
    for (const height of this.snapshots.keys()) if (height <= upTo) this.snapshots.delete(height);
  }
}

function isDurable(effect: EpochsEffect): boolean {
  return effect.kind === 'persist' && effect.lazy !== true;
}

function makesVoter(effect: EpochsEffect): boolean {
  return effect.kind === 'epoch' && effect.self !== null;
}
