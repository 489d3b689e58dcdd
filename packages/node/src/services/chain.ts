import { type Batch, decodeBatch, type ReplicaSet, verifyCommit } from '@murmuration/consensus';
import { type Change, type DeviceId, MurmurError, type Result, refuse, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import {
  chainIdOf,
  createLedger,
  encodeEpochProof,
  epochKey,
  type Ledger,
  type LedgerEpoch,
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

/** Ends of epochs whose proof is kept at hand: consensus certifies the state there soon after. */
const PROOFS_KEPT = 8;

/**
 * The device's copy of the ledger and the certified blocks below it. Blocks enter in height order, from
 * consensus or from a peer, and only after `persist` made them durable.
 */
export class Chain {
  /** The replicas of the genesis, also where others have taken their place. */
  readonly founders: readonly DeviceId[];
  readonly chainId: Uint8Array;
  private readonly deps: ServiceDeps;
  private current: Ledger;
  private root: Uint8Array;
  private known: readonly LedgerEpoch[];
  /** By the last height of an epoch. */
  private readonly proofs = new Map<number, Uint8Array>();
  private readonly listeners: ((applied: AppliedBlock) => void)[] = [];
  private readonly jumpListeners: (() => void)[] = [];

  private constructor(deps: ServiceDeps, ledger: Ledger) {
    this.deps = deps;
    this.current = ledger;
    this.root = ledger.root();
    this.chainId = chainIdOf(deps.genesis);
    this.founders = replicaSetOf(deps.genesis).replicas.map(({ device }) => device);
    this.known = ledger.epochs();
    this.keepProof();
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

  /** Epochs that the ledger remembers, ascending; the last one may begin later. */
  get epochs(): readonly LedgerEpoch[] {
    return this.known;
  }

  /** The epoch that decides `height`: at most one above the own. */
  epochAt(height: number): LedgerEpoch {
    return this.known.findLast(({ baseHeight }) => baseHeight < height) ?? (this.known[0] as LedgerEpoch);
  }

  /** Who decides the next height. */
  get replicaSet(): ReplicaSet {
    return this.epochAt(this.height + 1).set;
  }

  /** Position in the replica set, or undefined for a device that only follows. */
  get self(): number | undefined {
    return this.replicaIndex(this.deps.identity.device);
  }

  replicaIndex(device: string): number | undefined {
    const index = this.replicaSet.replicas.findIndex((replica) => replica.device === device);
    return index < 0 ? undefined : index;
  }

  verify(block: Block): Result<void> {
    const verdict = verifyCommit(this.epochAt(block.height).set, block);
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
    if (events.some(({ kind }) => kind === 'replicas-changed')) this.known = this.current.epochs();
    this.keepProof();
    const applied = { block, batch: batch.value, receipts, events };
    for (const listener of this.listeners) listener(applied);
    return applied;
  }

  /** Jumps to a state whose root a checkpoint certifies. */
  install(ledger: Ledger): void {
    this.current = ledger;
    this.root = this.current.root();
    this.known = this.current.epochs();
    this.keepProof();
    for (const listener of this.jumpListeners) listener();
  }

  /**
   * Where an epoch ended lately at `height`: what proves the next replica set under the state there, for whoever
   * follows without blocks.
   */
  epochProof(height: number): Uint8Array | undefined {
    return this.proofs.get(height);
  }

  private keepProof(): void {
    const { height } = this;
    const next = this.known.find(({ set, baseHeight }) => set.epoch > 0 && baseHeight === height);
    if (next === undefined) return;
    const { epoch } = next.set;
    this.proofs.set(height, encodeEpochProof(epoch, this.current.answer(`epoch/${epochKey(epoch)}`)));
    for (const old of this.proofs.keys()) if (this.proofs.size > PROOFS_KEPT) this.proofs.delete(old);
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
