import { accept, type DeviceId, decode, encode, list, type Result, refuse, struct, uint } from '@murmuration/core';
import { blockSchema, readBlocks } from './block-store.ts';
import type { Chain } from './chain.ts';
import type { ServiceDeps } from './deps.ts';
import { EpochTrail } from './epoch-trail.ts';
import { SnapshotTransfer } from './snapshot-transfer.ts';

const BLOCKS_TOPIC = 'sync/blocks';
const HEIGHT_TOPIC = 'sync/height';
/** Payload of one answer; the last block may pass it, and blocks are capped themselves. */
const ANSWER_BYTES = 512 * 1024;
const MAX_BLOCKS = 64;
const REQUEST_TIMEOUT_MS = 5000;

const blocksRequest = struct({ from: uint });
const blocksAnswer = struct({ height: uint, blocks: list(blockSchema, MAX_BLOCKS) });
const heightSchema = struct({ height: uint });

export interface SyncOptions {
  /** Behind by more than this, a snapshot is asked for instead of blocks. */
  readonly snapshotGap: number;
}

/**
 * Fetches what this device missed: certified blocks in bounded chunks, each verified before it is applied, or a
 * snapshot whose root a checkpoint certificate vouches for. A lying peer can waste a request and nothing more.
 */
export class SyncService {
  private readonly deps: ServiceDeps;
  private readonly chain: Chain;
  private readonly snapshots: SnapshotTransfer;
  private readonly trail: EpochTrail;
  private readonly snapshotGap: number;
  private readonly onCaughtUp: () => void;
  private running: Promise<void> | undefined;
  private again: { target: number; peer: DeviceId } | undefined;
  private stopped = false;

  constructor(deps: ServiceDeps & { chain: Chain }, options: SyncOptions, onCaughtUp: () => void) {
    this.deps = deps;
    this.chain = deps.chain;
    this.snapshotGap = options.snapshotGap;
    this.onCaughtUp = onCaughtUp;
    deps.port.onRequest(BLOCKS_TOPIC, (_from, request) => this.serveBlocks(request));
    this.trail = new EpochTrail(deps);
    this.snapshots = new SnapshotTransfer(deps, (epoch, height) => this.trail.replicasAt(epoch, height));
    deps.port.onMessage(HEIGHT_TOPIC, (from, wire) => {
      const announced = decode(heightSchema, wire, { maxBytes: 32 });
      if (announced.ok) this.catchUp(announced.value.height, from);
    });
    this.chain.onBlock(({ block }) => this.tellFollowers(block.height));
  }

  /** Starts catching up to `target`, asking `peer` first. One run at a time; a call meanwhile runs after it. */
  catchUp(target: number, peer: DeviceId): void {
    if (this.stopped || target <= this.chain.height) return;
    if (this.running !== undefined) {
      if (this.again === undefined || target > this.again.target) this.again = { target, peer };
      return;
    }
    this.running = this.run(target, peer)
      .catch((error: unknown) => this.deps.log.error('sync-failed', { error: String(error) }))
      .finally(() => {
        this.running = undefined;
        const { again } = this;
        this.again = undefined;
        if (again !== undefined) this.catchUp(again.target, again.peer);
      });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([this.running, this.trail.stop()]);
  }

  /** Devices that do not vote learn of a block from those that do, and fetch it. */
  private tellFollowers(height: number): void {
    if (this.chain.self === undefined) return;
    for (const peer of this.deps.port.peers()) {
      if (this.chain.replicaIndex(peer) !== undefined) continue;
      this.deps.port.send(peer, HEIGHT_TOPIC, encode(heightSchema, { height }));
    }
  }

  private async run(target: number, first: DeviceId): Promise<void> {
    const start = this.chain.height;
    for (const peer of [first, ...this.deps.port.peers().filter((other) => other !== first)]) {
      while (this.chain.height < target && !this.stopped) {
        const before = this.chain.height;
        const outcome = await this.advance(peer, target);
        if (!outcome.ok) this.deps.metrics.count('sync_refused', { reason: outcome.reason });
        if (this.chain.height === before) break;
      }
      if (this.chain.height >= target) break;
    }
    if (this.chain.height === start || this.stopped) return;
    this.deps.log.info('caught-up', { from: start, to: this.chain.height });
    this.onCaughtUp();
  }

  private async advance(peer: DeviceId, target: number): Promise<Result<void>> {
    if (target - this.chain.height <= this.snapshotGap) {
      const blocks = await this.fetchBlocks(peer);
      if (blocks.ok || blocks.reason !== 'pruned') return blocks;
    }
    const snapshot = await this.fetchSnapshot(peer);
    return snapshot.ok ? snapshot : this.fetchBlocks(peer);
  }

  private async fetchBlocks(peer: DeviceId): Promise<Result<void>> {
    const request = encode(blocksRequest, { from: this.chain.height + 1 });
    const answer = await this.deps.port.request(peer, BLOCKS_TOPIC, request, { timeoutMs: REQUEST_TIMEOUT_MS });
    if (!answer.ok) return answer;
    const decoded = decode(blocksAnswer, answer.value, { maxBytes: 8 * 1024 * 1024 });
    if (!decoded.ok) return decoded;
    const { blocks, height } = decoded.value;
    if (blocks.length === 0) return refuse(height > this.chain.height ? 'pruned' : 'nothing-newer');
    for (const block of blocks) {
      if (block.height !== this.chain.height + 1) continue;
      const verdict = this.chain.verify(block);
      if (!verdict.ok) return verdict;
      await this.deps.store.write([this.chain.change(block)], { durable: false });
      this.chain.apply(block);
    }
    return accept(undefined);
  }

  private async serveBlocks(request: Uint8Array): Promise<Result<Uint8Array>> {
    const wanted = decode(blocksRequest, request);
    if (!wanted.ok) return wanted;
    const stored = await readBlocks(this.deps.store, Math.max(1, wanted.value.from), MAX_BLOCKS);
    let size = 0;
    const blocks = stored.filter((block, i) => {
      const fits = i === 0 || size < ANSWER_BYTES;
      size += block.payload.length + block.certificate.length;
      return fits;
    });
    return accept(encode(blocksAnswer, { height: this.chain.height, blocks }));
  }

  private async fetchSnapshot(peer: DeviceId): Promise<Result<void>> {
    if (this.deps.genesis.lookahead !== undefined) {
      const followed = await this.trail.follow(peer);
      if (!followed.ok) return followed;
    }
    const received = await this.snapshots.fetch(peer, this.chain.height);
    if (!received.ok) return received;
    // The chain may have moved on while the chunks came.
    if (received.value.name.height > this.chain.height) this.chain.install(received.value.ledger);
    return accept(undefined);
  }
}
