import { type Batch, decodeBatch, type ReplicaSet, verifyCommit } from '@murmuration/consensus';
import { type Change, MurmurError, type Result, refuse, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import {
  chainIdOf,
  createLedger,
  encodeEpochProof,
  epochKey,
  type Ledger,
  type LedgerEvent,
  type LedgerOptions,
  type Receipt,
  replicaSetOf,
} from '@murmuration/ledger';
import { type Block, blockChange, readBlock, readBlocks } from './block-store.ts';
import type { ServiceDeps } from './deps.ts';
import { restoreSnapshot } from './snapshot-store.ts';

/** A block after the ledger took it. */
export interface AppliedBlock {
  readonly block: Block;
  readonly batch: Batch;
  /** One for each request, in the same order. */
  readonly receipts: readonly Receipt[];
  readonly events: readonly LedgerEvent[];
}

/**
 * The device's copy of the ledger and the certified blocks below it. Blocks enter in height order, from
 * consensus or from a peer, and only after `persist` made them durable.
 */
export class Chain {
  readonly replicaSet: ReplicaSet;
  /** Position in the replica set, or undefined for a device that only follows. */
  readonly self: number | undefined;
  readonly chainId: Uint8Array;
  private readonly deps: ServiceDeps;
  private current: Ledger;
  private root: Uint8Array;
  private readonly listeners: ((applied: AppliedBlock) => void)[] = [];
  private readonly jumpListeners: (() => void)[] = [];

  private constructor(deps: ServiceDeps, ledger: Ledger) {
    this.deps = deps;
    this.current = ledger;
    this.root = ledger.root();
    this.chainId = chainIdOf(deps.genesis);
    this.replicaSet = replicaSetOf(deps.genesis);
    const self = this.replicaSet.replicas.findIndex(({ device }) => device === deps.identity.device);
    this.self = self < 0 ? undefined : self;
  }

  /** Replays what the store holds. @throws CHAIN_DAMAGED where it does not fit together */
  static async open(deps: ServiceDeps): Promise<Chain> {
    const options: LedgerOptions = {
      ...(deps.fees === undefined ? {} : { fees: deps.fees }),
      ...(deps.verifier === undefined ? {} : { verify: deps.verifier.verify }),
    };
    const restored = await restoreSnapshot(deps.store, deps.genesis, options);
    const chain = new Chain(deps, restored ?? createLedger(deps.genesis, options));
    for (;;) {
      const blocks = await readBlocks(deps.store, chain.height + 1, 64);
      if (blocks.length === 0) return chain;
      for (const block of blocks) chain.apply(block);
    }
  }

  get ledger(): Ledger {
    return this.current;
  }

  get height(): number {
    return this.current.height;
  }

  /** Merkle root of the state at `height`. */
  get stateRoot(): Uint8Array {
    return this.root;
  }

  replicaIndex(device: string): number | undefined {
    const index = this.replicaSet.replicas.findIndex((replica) => replica.device === device);
    return index < 0 ? undefined : index;
  }

  verify(block: Block): Result<void> {
    const verdict = verifyCommit(this.replicaSet, block);
    return verdict.ok ? verdict : refuse(verdict.reason);
  }

  change(block: Block): Change {
    return blockChange(block);
  }

  /** Applies the next block, which must be durable and certified. Earlier ones are passed over. */
  apply(block: Block): AppliedBlock | undefined {
    if (block.height <= this.height) return undefined;
    if (block.height !== this.height + 1) throw damaged(`block ${block.height} follows ${this.height}`);
    const batch = decodeBatch(block.payload);
    if (!batch.ok) throw damaged(`block ${block.height} is no batch: ${batch.reason}`);
    const { timeMs, requests } = batch.value;
    const { receipts, events } = this.current.apply({ height: block.height, timeMs, requests });
    this.root = this.current.root();
    const applied = { block, batch: batch.value, receipts, events };
    for (const listener of this.listeners) listener(applied);
    return applied;
  }

  /** Jumps to a state whose root a checkpoint certifies. */
  install(ledger: Ledger): void {
    this.current = ledger;
    this.root = this.current.root();
    for (const listener of this.jumpListeners) listener();
  }

  /** Where an epoch ends at this height: what proves the next replica set under this state, for light clients. */
  epochProof(): Uint8Array | undefined {
    const next = this.current.epochs().find(({ set, baseHeight }) => set.epoch > 0 && baseHeight === this.height);
    if (next === undefined) return undefined;
    return encodeEpochProof(next.set.epoch, this.current.answer(`epoch/${epochKey(next.set.epoch)}`));
  }

  block(height: number): Promise<Block | undefined> {
    return readBlock(this.deps.store, height);
  }

  onBlock(listener: (applied: AppliedBlock) => void): void {
    this.listeners.push(listener);
  }

  /** Called after `install`: what blocks in between announced was not seen. */
  onJump(listener: () => void): void {
    this.jumpListeners.push(listener);
  }
}

/** Names a request as receipts and pending submissions do. */
export function requestKey(request: Uint8Array): string {
  return toHex(sha3_256(request));
}

function damaged(why: string): MurmurError {
  return new MurmurError({
    code: 'CHAIN_DAMAGED',
    message: `the stored ledger does not fit together: ${why}`,
    remedy: 'a device that does not vote starts again with an empty store; for a replica see VOTES_DAMAGED',
  });
}
