import {
  accept,
  bytesUpTo,
  type DeviceId,
  decode,
  encode,
  integer,
  type Result,
  refuse,
  struct,
  text,
  toHex,
} from '@murmuration/core';
import { updateHash } from '@murmuration/learning';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';

const TOPIC = 'update';
/** A larger update is not pushed: replicas fetch it in chunks once its hash is on the ledger. */
const MAX_PUSH_BYTES = 1024 * 1024;

const pushSchema = struct({ job: text(32), round: integer(1), update: bytesUpTo(MAX_PUSH_BYTES) });

/**
 * Updates that devices pushed for the open round and the next one, one for each device and round. A pushed
 * update counts for nothing until the ledger names its hash.
 */
export class UpdateInbox {
  private readonly deps: ServiceDeps;
  private readonly chain: Chain;
  private readonly blobs: BlobService;
  private readonly onArrival: () => void;
  /** By job and round, then by device. */
  private readonly rounds = new Map<string, Map<DeviceId, { hash: string; update: Uint8Array }>>();

  constructor(deps: ServiceDeps & { chain: Chain; blobs: BlobService }, onArrival: () => void) {
    this.deps = deps;
    this.chain = deps.chain;
    this.blobs = deps.blobs;
    this.onArrival = onArrival;
    deps.port.onMessage(TOPIC, (from, wire) => this.take(from, wire));
  }

  /** Hands the update to every replica that can be reached. */
  push(job: string, round: number, update: Uint8Array): void {
    this.keep(this.deps.identity.device, job, round, update);
    if (update.length > MAX_PUSH_BYTES) return;
    const wire = encode(pushSchema, { job, round, update });
    for (const { device } of this.chain.replicaSet.replicas) {
      if (device === this.deps.identity.device) continue;
      const sent = this.deps.port.send(device, TOPIC, wire);
      if (!sent.ok) this.deps.metrics.count('update_unsent', { reason: sent.reason });
    }
  }

  /** What others pushed for this round so far, by device. */
  pushed(job: string, round: number): ReadonlyMap<DeviceId, Uint8Array> {
    const entries = [...(this.rounds.get(keyOf(job, round)) ?? [])];
    return new Map(entries.map(([device, { update }]) => [device, update]));
  }

  /** The update with this hash: as pushed, or from the store. */
  async find(job: string, round: number, device: DeviceId, hash: Uint8Array): Promise<Uint8Array | undefined> {
    const pushed = this.rounds.get(keyOf(job, round))?.get(device);
    if (pushed !== undefined && pushed.hash === toHex(hash)) return pushed.update;
    return this.blobs.get('update', hash);
  }

  /** Forgets rounds of `job` below `round`, and every other job's. */
  forgetBelow(job: string, round: number): void {
    for (const key of this.rounds.keys()) {
      const [keyJob, keyRound] = key.split('/');
      if (keyJob !== job || Number(keyRound) < round) this.rounds.delete(key);
    }
  }

  private take(from: DeviceId, wire: Uint8Array): void {
    const taken = this.read(from, wire);
    if (taken.ok) this.onArrival();
    else this.deps.metrics.count('update_refused', { reason: taken.reason });
  }

  private read(from: DeviceId, wire: Uint8Array): Result<void> {
    const push = decode(pushSchema, wire);
    if (!push.ok) return push;
    const { job, round, update } = push.value;
    const entry = this.chain.ledger.job(job);
    if (entry === undefined || entry.state !== 'running') return refuse('no-such-job');
    if (round !== entry.round && round !== entry.round + 1) return refuse('other-round');
    if (this.chain.ledger.device(from) === undefined) return refuse('not-registered');
    return this.keep(from, job, round, update) ? accept(undefined) : refuse('second-update');
  }

  private keep(from: DeviceId, job: string, round: number, update: Uint8Array): boolean {
    const key = keyOf(job, round);
    const updates = this.rounds.get(key) ?? new Map<DeviceId, { hash: string; update: Uint8Array }>();
    this.rounds.set(key, updates);
    if (updates.has(from)) return false;
    updates.set(from, { hash: toHex(updateHash(update)), update });
    return true;
  }
}

function keyOf(job: string, round: number): string {
  return `${job}/${round}`;
}
