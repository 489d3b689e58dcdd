import {
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
const HEIGHT_DIGITS = 12;

/** A committed batch with the certificate that makes it so. */
export const blockSchema = struct({
  height: uint,
  payload: bytesUpTo(MAX_PAYLOAD_BYTES),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
});
export type Block = Infer<typeof blockSchema>;

export function blockChange(block: Block): Change {
  return { key: blockKey(block.height), value: encode(blockSchema, block) };
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

/**
 * Which blocks below `keepFrom` to delete now: the lowest ones, a bounded number each time.
 * @param limit @default 1024 — more than a checkpoint interval adds, so that a long store shrinks
 */
export async function blocksToPrune(store: Store, keepFrom: number, limit = 1024): Promise<readonly Change[]> {
  const [first] = await store.scan('block/', { limit: 1 });
  if (first === undefined) return [];
  const lowest = Number(first.key.slice('block/'.length));
  const count = Math.max(0, Math.min(limit, keepFrom - lowest));
  return Array.from({ length: count }, (_, i) => ({ key: blockKey(lowest + i), value: null }));
}

export function blockKey(height: number): string {
  return `block/${String(height).padStart(HEIGHT_DIGITS, '0')}`;
}

/** What this device stored itself must be readable. @throws CHAIN_DAMAGED */
export function own<T>(decoded: { ok: true; value: T } | { ok: false; reason: string }, what: string): T {
  if (decoded.ok) return decoded.value;
  throw new MurmurError({
    code: 'CHAIN_DAMAGED',
    message: `the stored ${what} cannot be read: ${decoded.reason}`,
    remedy: 'a device that does not vote starts again with an empty store; for a replica see VOTES_DAMAGED',
  });
}
