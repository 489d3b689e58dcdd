import type { EpochProof } from '@murmuration/consensus';
import { bytes, bytesUpTo, type Change, decode, encode, type Infer, type Store, struct, uint } from '@murmuration/core';
import { own } from './block-store.ts';

const PREFIX = 'checkpoint/';
/** Newest checkpoints kept, so that a light client finds one that it does not know yet. */
export const RECENT_CHECKPOINTS = 16;
const MAX_KEPT = 100_000;

/** What a light client follows: a quorum of `epoch` signed this root at this height. */
export const checkpointSchema = struct({
  epoch: uint,
  height: uint,
  stateDigest: bytes(32),
  certificate: bytesUpTo(64 * 1024),
  /** At the last height of an epoch: what proves the next replica set under this root. Else empty. */
  epochProof: bytesUpTo(64 * 1024),
});
export type StoredCheckpoint = Infer<typeof checkpointSchema>;

/** Ascending by height. */
export async function readCheckpoints(store: Store): Promise<readonly StoredCheckpoint[]> {
  const entries = await store.scan(PREFIX, { limit: MAX_KEPT });
  return entries.map(({ key, value }) => own(decode(checkpointSchema, value), key));
}

/** How the epochs ended, ascending: each shows who decides next. */
export async function readEpochProofs(store: Store, chainId: Uint8Array): Promise<readonly EpochProof[]> {
  const ends = (await readCheckpoints(store)).filter(({ epochProof }) => epochProof.length > 0);
  return ends.map(({ epochProof: proof, ...header }) => ({ header: { chainId, ...header }, proof }));
}

/** Adds a checkpoint and drops what no light client needs: the newest 16 and the last of each epoch stay for ever. */
export async function checkpointChanges(store: Store, checkpoint: StoredCheckpoint): Promise<readonly Change[]> {
  const known = (await readCheckpoints(store)).filter(({ height }) => height !== checkpoint.height);
  const all = [...known, checkpoint].sort((a, b) => a.height - b.height);
  const drop = obsolete(all).map(({ height }) => ({ key: keyOf(height), value: null }));
  return [{ key: keyOf(checkpoint.height), value: encode(checkpointSchema, checkpoint) }, ...drop];
}

/** @param checkpoints ascending by height */
function obsolete(checkpoints: readonly StoredCheckpoint[]): readonly StoredCheckpoint[] {
  const old = checkpoints.slice(0, Math.max(0, checkpoints.length - RECENT_CHECKPOINTS));
  return old.filter(({ epoch, epochProof }, i) => epochProof.length === 0 && checkpoints[i + 1]?.epoch === epoch);
}

function keyOf(height: number): string {
  return PREFIX + String(height).padStart(12, '0');
}
