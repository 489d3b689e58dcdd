import { decodeCertificate, type ReplicaSet, verifyCheckpoint } from '@murmuration/consensus';
import {
  accept,
  bytesUpTo,
  type DeviceId,
  decode,
  encode,
  equalBytes,
  list,
  type Refused,
  type Result,
  refuse,
  struct,
  uint,
} from '@murmuration/core';
import { assembleLedger, type Ledger, type LedgerAssembly, MAX_CHUNK_BYTES } from '@murmuration/ledger';
import type { ServiceDeps } from './deps.ts';
import {
  chunkChange,
  dropChunks,
  incomingChange,
  promotion,
  readChunk,
  readHead,
  readIncoming,
  type SnapshotName,
  snapshotNameSchema,
} from './snapshot-store.ts';

const TOPIC = 'sync/snapshot';
/** Chunks of 64 KiB in one answer: a quarter of a MiB, far below the frame cap of comm. */
const MAX_CHUNKS = 4;
const REQUEST_TIMEOUT_MS = 5000;

/** @param height of the wanted snapshot; 0 for the newest @param chunk the first one wanted */
const requestSchema = struct({ height: uint, chunk: uint });
const answerSchema = struct({ name: snapshotNameSchema, chunks: list(bytesUpTo(MAX_CHUNK_BYTES), MAX_CHUNKS) });

type TransferDeps = Pick<ServiceDeps, 'genesis' | 'port' | 'store' | 'log' | 'metrics' | 'fees'>;

interface Transfer {
  readonly name: SnapshotName;
  readonly assembly: LedgerAssembly;
}

/** The replicas of an epoch, where `height` is one of its heights as far as is known. */
export type ReplicasAt = (epoch: number, height: number) => ReplicaSet | undefined;

/** What came of asking one peer. */
export interface Received {
  readonly name: SnapshotName;
  readonly ledger: Ledger;
}

/**
 * Hands out the newest snapshot in chunks, and fetches one: every chunk is checked under the root that a quorum
 * signed and kept at once, so an interrupted transfer goes on where it was, with another peer or after a restart.
 */
export class SnapshotTransfer {
  private readonly deps: TransferDeps;
  private readonly replicasAt: ReplicasAt;
  private current: Transfer | undefined;
  private resumed = false;

  constructor(deps: TransferDeps, replicasAt: ReplicasAt) {
    this.deps = deps;
    this.replicasAt = replicasAt;
    deps.port.onRequest(TOPIC, (_from, request) => this.serve(request));
  }

  /**
   * Fetches a state above `height` from one peer, as far as it gives it.
   * @returns the whole ledger; or why this peer did not get there, and then another one can go on
   */
  async fetch(peer: DeviceId, height: number): Promise<Result<Received>> {
    await this.resume();
    if (this.current !== undefined && this.current.name.height <= height) await this.drop();
    if (this.current?.assembly.done) return this.finish(this.current);
    for (;;) {
      const wanted = { height: this.current?.name.height ?? 0, chunk: this.current?.assembly.next ?? 0 };
      const answer = await this.deps.port.request(peer, TOPIC, encode(requestSchema, wanted), {
        timeoutMs: REQUEST_TIMEOUT_MS,
      });
      if (!answer.ok) return answer;
      const taken = await this.take(peer, height, answer.value);
      if (!taken.ok) return taken;
      if (this.current?.assembly.done) return this.finish(this.current);
    }
  }

  private async take(peer: DeviceId, height: number, wire: Uint8Array): Promise<Result<void>> {
    const decoded = decode(answerSchema, wire);
    if (!decoded.ok) return decoded;
    const { name, chunks } = decoded.value;
    const before = this.current;
    const transfer = await this.transferOf(name, height);
    if ('ok' in transfer) return transfer;
    // It has moved on to a newer state: that one from its beginning.
    if (chunks.length === 0) return transfer === before ? refuse('malformed') : accept(undefined);
    for (const chunk of chunks) {
      const { next } = transfer.assembly;
      const taken = transfer.assembly.take(chunk, peer);
      if (!taken.ok) {
        this.deps.log.warn('snapshot-chunk-refused', { chunk: next, giver: peer, reason: taken.reason });
        this.deps.metrics.count('snapshot_chunk_refused', { reason: taken.reason });
        return taken;
      }
      await this.deps.store.write([chunkChange(name.height, next, chunk)], { durable: false });
      if (transfer.assembly.done) break;
    }
    return accept(undefined);
  }

  /** The transfer that an answer belongs to: the one under way, or a new one where the peer has a newer state. */
  private async transferOf(name: SnapshotName, height: number): Promise<Transfer | Refused> {
    const { current } = this;
    if (current !== undefined && sameState(name, current.name)) return current;
    if (name.height <= (current?.name.height ?? height)) return refuse('nothing-newer');
    const { height: at, stateRoot: stateDigest, certificate } = name;
    const decoded = decodeCertificate(certificate);
    if (!decoded.ok) return refuse(decoded.reason);
    const set = this.replicasAt(decoded.value.epoch, at);
    if (set === undefined) return refuse('unknown-epoch', `epoch ${decoded.value.epoch} at height ${at}`);
    const verdict = verifyCheckpoint(set, { height: at, stateDigest, certificate });
    if (!verdict.ok) return refuse(verdict.reason);
    await this.drop();
    await this.deps.store.write([incomingChange(name)], { durable: false });
    this.current = { name, assembly: this.assemblyOf(name) };
    return this.current;
  }

  private async finish({ name, assembly }: Transfer): Promise<Result<Received>> {
    const ledger = assembly.ledger();
    if (!ledger.ok) {
      await this.drop();
      return ledger;
    }
    this.current = undefined;
    const { store } = this.deps;
    const changes = [incomingChange(null), ...(await promotion(store, name, assembly.next))];
    await store.write(changes, { durable: false });
    return accept({ name, ledger: ledger.value });
  }

  /** Once: takes up what an earlier process had received. */
  private async resume(): Promise<void> {
    if (this.resumed) return;
    this.resumed = true;
    const name = await readIncoming(this.deps.store);
    if (name === undefined) return;
    const assembly = this.assemblyOf(name);
    this.current = { name, assembly };
    while (!assembly.done) {
      const chunk = await readChunk(this.deps.store, name.height, assembly.next);
      if (chunk === undefined || !assembly.take(chunk, 'the own store').ok) break;
    }
    this.deps.log.info('snapshot-resumed', { height: name.height, chunk: assembly.next });
  }

  private async drop(): Promise<void> {
    if (this.current === undefined) return;
    const { name, assembly } = this.current;
    this.current = undefined;
    const head = await readHead(this.deps.store);
    const own = head?.name.height === name.height;
    const chunks = own ? [] : dropChunks(name.height, assembly.next);
    await this.deps.store.write([incomingChange(null), ...chunks], { durable: false });
  }

  private assemblyOf(name: SnapshotName): LedgerAssembly {
    const { genesis, fees } = this.deps;
    return assembleLedger(genesis, name.stateRoot, fees === undefined ? {} : { fees });
  }

  private async serve(request: Uint8Array): Promise<Result<Uint8Array>> {
    const wanted = decode(requestSchema, request);
    if (!wanted.ok) return wanted;
    const { height, chunk } = wanted.value;
    const head = await readHead(this.deps.store);
    if (head === undefined) return refuse('not-found');
    const chunks: Uint8Array[] = [];
    // Where another state is asked for, the name alone says which one there is.
    if (height !== 0 && height !== head.name.height) return accept(encode(answerSchema, { name: head.name, chunks }));
    for (let i = chunk; i < Math.min(head.chunks, chunk + MAX_CHUNKS); i++) {
      const part = await readChunk(this.deps.store, head.name.height, i);
      if (part === undefined) return refuse('not-found');
      chunks.push(part);
    }
    return accept(encode(answerSchema, { name: head.name, chunks }));
  }
}

function sameState(a: SnapshotName, b: SnapshotName): boolean {
  return a.height === b.height && equalBytes(a.stateRoot, b.stateRoot);
}
