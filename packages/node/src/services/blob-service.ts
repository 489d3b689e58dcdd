import {
  accept,
  bytes,
  bytesUpTo,
  type DeviceId,
  decode,
  encode,
  equalBytes,
  oneOf,
  type Result,
  refuse,
  struct,
  toHex,
  uint,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type BlobShelf, storeShelf } from './blob-shelf.ts';
import type { ServiceDeps } from './deps.ts';

const TOPIC = 'blob';
/** A chunk and its envelope stay far below the frame cap of comm. */
const CHUNK_BYTES = 256 * 1024;
/** The largest update or model: 16 million int8 weights. */
const MAX_BLOB_BYTES = 64 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 5000;

export type BlobKind = 'update' | 'model';
type BlobDeps = Pick<ServiceDeps, 'port' | 'store' | 'shelf' | 'metrics'>;

const requestSchema = struct({ kind: oneOf('update', 'model'), hash: bytes(32), offset: uint });
const chunkSchema = struct({ total: uint, bytes: bytesUpTo(CHUNK_BYTES) });

/**
 * Updates and models by their SHA3-256. What peers hand over is kept only when its bytes give the hash that was asked
 * for, so it does not matter who answers.
 */
export class BlobService {
  private readonly deps: BlobDeps;
  private readonly shelf: BlobShelf;
  private readonly fetching = new Map<string, Promise<Result<Uint8Array>>>();

  constructor(deps: BlobDeps) {
    this.deps = deps;
    this.shelf = deps.shelf ?? storeShelf(deps.store);
    deps.port.onRequest(TOPIC, (_from, request) => this.serve(request));
  }

  /** Outlives the process; power loss may forget it. @returns the hash that names it */
  async put(kind: BlobKind, blob: Uint8Array): Promise<Uint8Array> {
    const hash = sha3_256(blob);
    await this.shelf.put(nameOf(kind, hash), blob);
    return hash;
  }

  async get(kind: BlobKind, hash: Uint8Array): Promise<Uint8Array | undefined> {
    const blob = await this.shelf.get(nameOf(kind, hash));
    return blob !== undefined && equalBytes(sha3_256(blob), hash) ? blob : undefined;
  }

  async has(kind: BlobKind, hash: Uint8Array): Promise<boolean> {
    return (await this.get(kind, hash)) !== undefined;
  }

  /** Looks in the store first, then asks `peers` one after the other. @returns `not-found` where nobody has it */
  async fetch(kind: BlobKind, hash: Uint8Array, peers: readonly DeviceId[]): Promise<Result<Uint8Array>> {
    const own = await this.get(kind, hash);
    if (own !== undefined) return accept(own);
    const key = nameOf(kind, hash);
    const under = this.fetching.get(key);
    if (under !== undefined) return under;
    const fetched = this.fetchFromPeers(kind, hash, peers).finally(() => this.fetching.delete(key));
    this.fetching.set(key, fetched);
    return fetched;
  }

  /** Forgets blobs. Unknown ones are passed over. */
  async forget(kind: BlobKind, hashes: readonly Uint8Array[]): Promise<void> {
    if (hashes.length === 0) return;
    await this.shelf.remove(hashes.map((hash) => nameOf(kind, hash)));
  }

  private async fetchFromPeers(
    kind: BlobKind,
    hash: Uint8Array,
    peers: readonly DeviceId[],
  ): Promise<Result<Uint8Array>> {
    for (const peer of peers) {
      if (peer === this.deps.port.self) continue;
      const blob = await this.fetchFrom(peer, kind, hash);
      if (!blob.ok) continue;
      if (!equalBytes(sha3_256(blob.value), hash)) {
        this.deps.metrics.count('blob_refused', { reason: 'wrong-hash' });
        continue;
      }
      await this.put(kind, blob.value);
      return blob;
    }
    return refuse('not-found', `no peer handed over ${kind} ${toHex(hash)}`);
  }

  private async fetchFrom(peer: DeviceId, kind: BlobKind, hash: Uint8Array): Promise<Result<Uint8Array>> {
    let blob = new Uint8Array(0);
    let offset = 0;
    do {
      const request = encode(requestSchema, { kind, hash, offset });
      const answer = await this.deps.port.request(peer, TOPIC, request, { timeoutMs: REQUEST_TIMEOUT_MS });
      if (!answer.ok) return answer;
      const chunk = decode(chunkSchema, answer.value);
      if (!chunk.ok) return chunk;
      const { total, bytes: part } = chunk.value;
      if (offset === 0 && total <= MAX_BLOB_BYTES) blob = new Uint8Array(total);
      if ((part.length === 0 && total > 0) || total !== blob.length || offset + part.length > total)
        return refuse('malformed');
      blob.set(part, offset);
      offset += part.length;
    } while (offset < blob.length);
    return accept(blob);
  }

  private async serve(request: Uint8Array): Promise<Result<Uint8Array>> {
    const wanted = decode(requestSchema, request);
    if (!wanted.ok) return wanted;
    const { kind, hash, offset } = wanted.value;
    const blob = await this.get(kind, hash);
    if (blob === undefined) return refuse('not-found');
    const part = blob.subarray(offset, offset + CHUNK_BYTES);
    return accept(encode(chunkSchema, { total: blob.length, bytes: part }));
  }
}

function nameOf(kind: BlobKind, hash: Uint8Array): string {
  return `blob/${kind}/${toHex(hash)}`;
}
