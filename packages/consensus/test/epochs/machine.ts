import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { checkTransition, decodeBatch, type ReplicaSet } from '../../src/index.ts';
import type { ReplicaEntry } from '../../src/quorum/replica-set.ts';

/** A wish to change the replicas, as a request. */
export type Wish =
  | { readonly join: ReplicaEntry }
  | { readonly leave: ReplicaEntry }
  | { readonly rotate: ReplicaEntry };

export interface EpochSpan {
  readonly set: ReplicaSet;
  readonly baseHeight: number;
}

/** The smallest state machine that changes its replicas: wishes queue, and one at a time comes into force. */
export class Machine {
  height = 0;
  digest: Uint8Array = new Uint8Array(32);
  readonly spans: EpochSpan[];
  pending: { readonly next: ReplicaSet; readonly lastHeight: number } | null = null;
  private readonly lookahead: number;
  private readonly wishes: Wish[] = [];

  constructor(genesis: ReplicaSet, lookahead: number) {
    this.spans = [{ set: genesis, baseHeight: 0 }];
    this.lookahead = lookahead;
  }

  get current(): EpochSpan {
    return this.spans.at(-1) as EpochSpan;
  }

  /** The set that decides `height`, which is at most the next one. */
  spanOf(height: number): EpochSpan {
    return this.spans.findLast(({ baseHeight }) => baseHeight < height) as EpochSpan;
  }

  /** @returns the change that this block decided, if any */
  apply(payload: Uint8Array): Machine['pending'] {
    this.height += 1;
    this.digest = sha3_256(this.digest, payload);
    const batch = decodeBatch(payload);
    for (const request of batch.ok ? batch.value.requests : []) {
      const wish = readWish(request);
      if (wish !== undefined) this.wishes.push(wish);
    }
    if (this.height === this.pending?.lastHeight) {
      this.spans.push({ set: this.pending.next, baseHeight: this.height });
      this.pending = null;
    }
    return this.pending === null ? this.decide() : null;
  }

  private decide(): Machine['pending'] {
    for (let wish = this.wishes.shift(); wish !== undefined; wish = this.wishes.shift()) {
      const { set } = this.current;
      const next = { ...set, epoch: set.epoch + 1, replicas: grant(set.replicas, wish) };
      if (next.replicas === set.replicas || !checkTransition(set, next).ok) continue;
      this.pending = { next, lastHeight: this.height + this.lookahead };
      return this.pending;
    }
    return null;
  }
}

function grant(replicas: readonly ReplicaEntry[], wish: Wish): readonly ReplicaEntry[] {
  const [one] = Object.values(wish) as [ReplicaEntry];
  const at = replicas.findIndex(({ device }) => device === one.device);
  if ('join' in wish) return at < 0 ? [...replicas, one] : replicas;
  if (at < 0 || ('rotate' in wish && equalBytes((replicas[at] as ReplicaEntry).key, one.key))) return replicas;
  return 'leave' in wish ? replicas.filter((_, i) => i !== at) : replicas.map((old, i) => (i === at ? one : old));
}

export function encodeWish(wish: Wish, salt: number): Uint8Array {
  const [[kind, { device, key }]] = Object.entries(wish) as [[string, ReplicaEntry]];
  return Buffer.from(`wish ${kind} ${device} ${Buffer.from(key).toString('hex')} ${salt}`);
}

function readWish(request: Uint8Array): Wish | undefined {
  const [wish, kind, device, key] = Buffer.from(request).toString().split(' ');
  if (wish !== 'wish' || device === undefined || key === undefined) return undefined;
  const entry = { device, key: new Uint8Array(Buffer.from(key, 'hex')) } as ReplicaEntry;
  if (kind === 'join') return { join: entry };
  return kind === 'leave' ? { leave: entry } : { rotate: entry };
}
