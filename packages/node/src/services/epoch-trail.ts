import { createFollower, type Follower, type Header, type ReplicaSet } from '@murmuration/consensus';
import { type DeviceId, type Result, refuse, type Timer } from '@murmuration/core';
import { type LedgerEpoch, proveNextEpoch } from '@murmuration/ledger';
import type { Chain } from './chain.ts';
import { checkpointChanges, readCheckpoints, type StoredCheckpoint } from './checkpoint-store.ts';
import type { ServiceDeps } from './deps.ts';
import { decodeCheckpoints, encodeLightQuestion, LIGHT_TOPIC } from './light-service.ts';

const REQUEST_TIMEOUT_MS = 5000;
/** After the end of an epoch, until its proof is looked for elsewhere: replicas make their own meanwhile. */
const FILL_AFTER_MS = 2000;
const FILL_AGAIN_MS = 30_000;

type TrailDeps = Pick<ServiceDeps, 'port' | 'store' | 'clock' | 'metrics'> & { readonly chain: Chain };

/**
 * Who decides when, beyond what the own ledger says: from its newest epoch on by proofs of peers, each certified by
 * the epoch before. Every proof is kept, so that this device can hand it on when those who made it are gone.
 */
export class EpochTrail {
  private readonly deps: TrailDeps;
  private ahead: readonly LedgerEpoch[] = [];
  /** Epochs whose end is in the store with its proof. */
  private readonly proved = new Set<number>();
  private due: Timer | undefined;
  private filling: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(deps: TrailDeps) {
    this.deps = deps;
    deps.chain.onBlock(() => this.fillSoon());
    deps.chain.onJump(() => this.fillSoon());
    this.fillSoon();
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.due?.cancel();
    await this.filling;
  }

  /** The replicas of `epoch`, where `height` is one of its heights as far as is known. */
  replicasAt(epoch: number, height: number): ReplicaSet | undefined {
    const known = this.known();
    const at = known.findIndex(({ set }) => set.epoch === epoch);
    const next = known[at + 1];
    const entry = known[at];
    if (entry === undefined || height <= entry.baseHeight) return undefined;
    // Whoever has left may sign what he likes: it counts for nothing above the last height of his epoch.
    return next !== undefined && height > next.baseHeight ? undefined : entry.set;
  }

  /** Goes from the newest known epoch to the newest one that this peer can prove. */
  async follow(peer: DeviceId): Promise<Result<void>> {
    for (;;) {
      const newest = this.known().at(-1) as LedgerEpoch;
      const given = await this.ask(peer, newest.set.epoch, newest.baseHeight);
      if (!given.ok) return given;
      const follower = this.followerAt(newest);
      const before = this.ahead.length;
      for (const checkpoint of given.value) {
        if (checkpoint.epochProof.length === 0 || checkpoint.epoch !== follower.followed.set.epoch) continue;
        const moved = this.advance(follower, checkpoint);
        if (!moved.ok) return moved;
        await this.keep(checkpoint);
        const { set, baseHeight } = follower.followed;
        this.ahead = [...this.ahead, { set, baseHeight }];
      }
      if (this.ahead.length === before) return { ok: true, value: undefined };
    }
  }

  /** What the store lacks of the epochs that the own ledger remembers, so that light clients can be answered. */
  private gaps(): readonly EndedEpoch[] {
    return endedEpochs(this.deps.chain).filter(({ epoch }) => !this.proved.has(epoch.set.epoch));
  }

  private fillSoon(delayMs = FILL_AFTER_MS): void {
    if (this.stopped || this.due !== undefined || this.gaps().length === 0) return;
    this.due = this.deps.clock.setTimer(delayMs, () => {
      this.filling = this.fill()
        .catch(() => this.deps.metrics.count('epoch_proofs_unfilled'))
        .finally(() => {
          this.due = undefined;
          this.fillSoon(FILL_AGAIN_MS);
        });
    });
  }

  private async fill(): Promise<void> {
    const { port, store } = this.deps;
    for (const { epoch, epochProof } of await readCheckpoints(store)) if (epochProof.length > 0) this.proved.add(epoch);
    for (const peer of port.peers()) {
      for (const gap of this.gaps()) if (this.stopped || !(await this.fillFrom(peer, gap))) break;
    }
  }

  private async fillFrom(peer: DeviceId, { epoch, next }: EndedEpoch): Promise<boolean> {
    const given = await this.ask(peer, epoch.set.epoch, next.baseHeight - 1);
    const checkpoint = given.ok ? given.value.find(({ height }) => height === next.baseHeight) : undefined;
    if (checkpoint === undefined) return false;
    const moved = this.advance(this.followerAt(epoch), checkpoint);
    if (moved.ok) await this.keep(checkpoint);
    return moved.ok;
  }

  /** What the own ledger says, and what was proved beyond it. */
  private known(): readonly LedgerEpoch[] {
    const { epochs } = this.deps.chain;
    const last = (epochs.at(-1) as LedgerEpoch).set.epoch;
    this.ahead = this.ahead.filter(({ set }) => set.epoch > last);
    return [...epochs, ...this.ahead];
  }

  private followerAt({ set, baseHeight }: LedgerEpoch): Follower {
    return createFollower({ set, baseHeight, recent: [], forked: false }, proveNextEpoch(this.deps.chain.chainId));
  }

  private advance(follower: Follower, checkpoint: StoredCheckpoint): Result<unknown> {
    const { epochProof: proof, ...rest } = checkpoint;
    const header: Header = { chainId: this.deps.chain.chainId, ...rest };
    const moved = follower.advance({ header, proof });
    if (!moved.ok) this.deps.metrics.count('epoch_proof_refused', { reason: moved.reason });
    return moved;
  }

  private async ask(peer: DeviceId, epoch: number, height: number): Promise<Result<readonly StoredCheckpoint[]>> {
    const question = encodeLightQuestion({ kind: 'checkpoints', epoch, height });
    const answer = await this.deps.port.request(peer, LIGHT_TOPIC, question, { timeoutMs: REQUEST_TIMEOUT_MS });
    return answer.ok ? decodeCheckpoints(answer.value) : refuse(answer.reason, answer.detail);
  }

  private async keep(checkpoint: StoredCheckpoint): Promise<void> {
    const { store } = this.deps;
    this.proved.add(checkpoint.epoch);
    await store.write(await checkpointChanges(store, checkpoint), { durable: false });
  }
}

interface EndedEpoch {
  readonly epoch: LedgerEpoch;
  readonly next: LedgerEpoch;
}

/** Epochs of the own ledger that are over, with those after them. */
function endedEpochs({ epochs, height }: Chain): readonly EndedEpoch[] {
  return epochs.flatMap((epoch, i) => {
    const next = epochs[i + 1];
    return next === undefined || next.baseHeight > height ? [] : [{ epoch, next }];
  });
}
