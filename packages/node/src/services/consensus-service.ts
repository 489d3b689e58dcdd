import {
  decodeCertificate,
  type Engine,
  type EngineEffect,
  type EngineEvent,
  type EngineStatus,
  type Liar,
  type ReplicaSet,
  requestsIn,
  type SendEffect,
} from '@murmuration/consensus';
import { type Change, MurmurError, type Timer } from '@murmuration/core';
import { type Block, blocksToPrune } from './block-store.ts';
import { checkpointChanges } from './checkpoint-store.ts';
import type { ServiceDeps } from './deps.ts';
import { readHead, snapshotChanges } from './snapshot-store.ts';
import { keyInUseElsewhere, VoteJournal } from './vote-journal.ts';

const TOPIC = 'pbft';
const RETAINED_BLOCKS = 4096;

type StableCheckpoint = Extract<EngineEffect, { kind: 'stableCheckpoint' }>;

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
  onBehind(height: number, from: number): void;
  onEvidence(evidence: Uint8Array): void;
  /** The store failed: nothing may be sent any more. */
  onFatal(error: unknown): void;
  /** Requests that came and are not ordered yet, checked by nobody. */
  onRequests?(requests: readonly Uint8Array[]): void;
}

/** The state machine that blocks are applied to. `Chain` is one. */
export interface ReplicatedChain {
  readonly replicaSet: ReplicaSet;
  readonly height: number;
  readonly stateRoot: Uint8Array;
  readonly ledger: { chunks(): readonly Uint8Array[] };
  replicaIndex(device: string): number | undefined;
  change(block: Block): Change;
  apply(block: Block): unknown;
  /** What proves the next replica set under the present state, where an epoch ends at this height. */
  epochProof?(): Uint8Array | undefined;
}

export type ConsensusDeps = Pick<ServiceDeps, 'identity' | 'port' | 'store' | 'clock' | 'metrics'> & {
  readonly chain: ReplicatedChain;
  readonly engine: Engine;
  readonly self: number;
};

/** A state that others may soon certify. */
interface HeldState {
  readonly chunks: readonly Uint8Array[];
  readonly epochProof: Uint8Array | undefined;
}

/** A planted liar: what it does to each message this replica sends. */
export interface PlantedLiar {
  readonly liar: Liar;
  /** It behaves until the ledger has this height. */
  readonly fromHeight: number;
  /** Called when it first sent something else than the engine asked for. */
  onLie(): void;
}

/**
 * Drives one engine: its effects are carried out in order, and what it wants kept is durable before any later
 * message leaves. All effects of one tick share one write.
 */
export class ConsensusService {
  private readonly deps: ConsensusDeps;
  private readonly chain: ReplicatedChain;
  private readonly engine: Engine;
  private readonly self: number;
  private readonly options: ConsensusOptions;
  private readonly hooks: ConsensusHooks;
  private readonly planted: PlantedLiar | undefined;
  private readonly votes: VoteJournal;
  private readonly timers = new Map<string, Timer>();
  private readonly snapshots = new Map<number, HeldState>();
  private queue: EngineEffect[] = [];
  private busy = false;
  private draining: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(deps: ConsensusDeps, options: ConsensusOptions, hooks: ConsensusHooks, planted?: PlantedLiar) {
    this.deps = deps;
    this.chain = deps.chain;
    this.engine = deps.engine;
    this.self = deps.self;
    this.options = options;
    this.hooks = hooks;
    this.planted = planted;
    this.votes = new VoteJournal(deps.store);
  }

  /** @throws VOTES_DAMAGED, KEY_IN_USE_ELSEWHERE, CONSENSUS_JOURNAL_DAMAGED: then nothing was sent */
  async start(): Promise<void> {
    const records = await this.votes.read();
    this.deps.port.onMessage(TOPIC, (device, bytes) => {
      const from = this.chain.replicaIndex(device);
      if (from === undefined) this.deps.metrics.count('consensus_refused', { reason: 'not-a-replica' });
      else this.take(from, bytes);
    });
    this.step({ kind: 'start', nowMs: this.deps.clock.nowMs(), records, executed: this.executed() });
  }

  get status(): EngineStatus {
    return this.engine.status;
  }

  propose(request: Uint8Array): void {
    this.hooks.onRequests?.([request]);
    this.step({ kind: 'propose', nowMs: this.deps.clock.nowMs(), request });
  }

  /** The chain moved on without the engine: by certified blocks or a snapshot of peers. */
  installed(): void {
    this.step({ kind: 'installed', nowMs: this.deps.clock.nowMs(), ...this.executed() });
  }

  /** Nothing is sent or voted after this; resolves when what was under way is durable. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.draining;
  }

  private take(from: number, bytes: Uint8Array): void {
    this.hooks.onRequests?.(requestsIn(bytes));
    this.step({ kind: 'message', nowMs: this.deps.clock.nowMs(), from, bytes });
  }

  private executed() {
    return { height: this.chain.height, stateDigest: this.chain.stateRoot };
  }

  private step(event: EngineEvent): void {
    if (this.stopped) return;
    const effects = this.engine.step(event);
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

  private perform(effect: EngineEffect): void {
    switch (effect.kind) {
      case 'persist':
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
        this.hooks.onEvidence(effect.evidence);
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

  private send(effect: SendEffect): void {
    for (const { to, bytes } of this.lie(effect)) {
      for (const [target, { device }] of this.chain.replicaSet.replicas.entries()) {
        if (target === this.self || (to !== 'all' && target !== to)) continue;
        const sent = this.deps.port.send(device, TOPIC, bytes);
        if (!sent.ok) this.deps.metrics.count('consensus_unsent', { reason: sent.reason });
      }
    }
  }

  private lie(effect: SendEffect): readonly SendEffect[] {
    if (this.planted === undefined || this.chain.height < this.planted.fromHeight) return [effect];
    const { replicaSet } = this.chain;
    const { view, height } = this.engine.status;
    const context = {
      self: this.self,
      n: replicaSet.replicas.length,
      signer: this.deps.identity.signer,
      height,
      view,
      replicaSet,
    };
    const sends = this.planted.liar.onSend(context, effect);
    if (sends.length !== 1 || sends[0] !== effect) this.planted.onLie();
    return sends;
  }

  private setTimer(id: string, delayMs: number): void {
    this.timers.get(id)?.cancel();
    const timer = this.deps.clock.setTimer(delayMs, () => {
      if (this.timers.get(id) !== timer) return;
      this.timers.delete(id);
      this.step({ kind: 'timer', nowMs: this.deps.clock.nowMs(), id });
    });
    this.timers.set(id, timer);
  }

  private commit(commit: Block): void {
    if (commit.height <= this.chain.height) return;
    // Neither awaited nor synced: a quorum's votes are durable, so a block that a crash swallows is delivered again.
    this.keep([this.chain.change(commit)]);
    this.chain.apply(commit);
    const { height, stateRoot } = this.chain;
    const epochProof = this.chain.epochProof?.();
    if (height % this.options.checkpointInterval === 0 || epochProof !== undefined) {
      this.snapshots.set(height, { chunks: this.chain.ledger.chunks(), epochProof });
      this.forgetSnapshots(height - 2 * this.options.checkpointInterval);
    }
    this.step({ kind: 'executed', nowMs: this.deps.clock.nowMs(), height, stateDigest: stateRoot });
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
  private async keepCheckpoint(effect: StableCheckpoint, held: HeldState | undefined): Promise<void> {
    const { store } = this.deps;
    const { height, stateDigest, certificate } = effect;
    const epoch = epochOf(certificate);
    const epochProof = held?.epochProof ?? new Uint8Array(0);
    const changes = [...(await checkpointChanges(store, { epoch, height, stateDigest, certificate, epochProof }))];
    const known = await readHead(store);
    if (held !== undefined && (known === undefined || known.name.height < height)) {
      const name = { height, stateRoot: stateDigest, certificate };
      changes.push(...(await snapshotChanges(store, { name, chunks: held.chunks })));
      // Only with the snapshot in hand: a peer that asks for a pruned block gets it instead.
      changes.push(...(await blocksToPrune(store, height - (this.options.retainBlocks ?? RETAINED_BLOCKS))));
    }
    await store.write(changes, { durable: false });
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
  private duplicated({ phase, view, height, conflicting }: Extract<EngineEffect, { kind: 'duplicated' }>): void {
    // What a planted liar says behind its engine's back looks just like it.
    if (this.planted !== undefined || this.stopped) return;
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

function epochOf(certificate: Uint8Array): number {
  const decoded = decodeCertificate(certificate);
  return decoded.ok ? decoded.value.epoch : 0;
}

function isDurable(effect: EngineEffect): boolean {
  return effect.kind === 'persist' && effect.lazy !== true;
}
