import {
  bytes,
  bytesUpTo,
  type Change,
  decode,
  encode,
  type Infer,
  MurmurError,
  type Store,
  struct,
  uint,
} from '@murmuration/core';

const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024;
const HEIGHT_DIGITS = 12;
const SNAPSHOT_KEY = 'snapshot';

/** A committed batch with the certificate that makes it so. */
export const blockSchema = struct({
  height: uint,
  payload: bytesUpTo(MAX_PAYLOAD_BYTES),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
});
export type Block = Infer<typeof blockSchema>;

/** The state at a stable checkpoint. */
export const snapshotSchema = struct({
  height: uint,
  stateRoot: bytes(32),
  /** Of the checkpoint: a quorum signed this root at this height. */
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
  state: bytesUpTo(MAX_SNAPSHOT_BYTES),
});
export type StoredSnapshot = Infer<typeof snapshotSchema>;

export function blockChange(block: Block): Change {
  return { key: blockKey(block.height), value: encode(blockSchema, block) };
}

export function snapshotChange(snapshot: StoredSnapshot): Change {
  return { key: SNAPSHOT_KEY, value: encode(snapshotSchema, snapshot) };
}

export async function readBlock(store: Store, height: number): Promise<Block | undefined> {
  const value = await store.get(blockKey(height));
  return value === undefined ? undefined : own(decode(blockSchema, value), `block ${height}`);
}

/** @returns consecutive blocks from `height` on, at most `limit` */
export async function readBlocks(store: Store, height: number, limit: number): Promise<Block[]> {
  const entries = await store.scan('block/', { after: blockKey(height - 1), limit });
  const blocks: Block[] = [];
  for (const { key, value } of entries) {
    if (key !== blockKey(height + blocks.length)) break;
    blocks.push(own(decode(blockSchema, value), key));
  }
  return blocks;
}

/** @returns at most `limit` heights below `before`, the highest first */
export async function readBlocksBefore(store: Store, before: number, limit: number): Promise<Block[]> {
  const entries = await store.scan('block/', { after: blockKey(before), limit, reverse: true });
  return entries.map(({ key, value }) => own(decode(blockSchema, value), key));
}

export async function readSnapshot(store: Store): Promise<StoredSnapshot | undefined> {
  const value = await store.get(SNAPSHOT_KEY);
  if (value === undefined) return undefined;
  return own(decode(snapshotSchema, value, { maxBytes: MAX_SNAPSHOT_BYTES }), SNAPSHOT_KEY);
}

export function blockKey(height: number): string {
  return `block/${String(height).padStart(HEIGHT_DIGITS, '0')}`;
}

/** What this device stored itself must be readable. */
function own<T>(decoded: { ok: true; value: T } | { ok: false; reason: string }, what: string): T {
  if (decoded.ok) return decoded.value;
  throw new MurmurError({
    code: 'CHAIN_DAMAGED',
    message: `the stored ${what} cannot be read: ${decoded.reason}`,
    remedy: 'move the store away and start again: the device catches up from the other replicas',
  });
}
