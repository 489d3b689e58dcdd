import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { isSmallOrderKey } from '@murmuration/crypto';
import { MAX_REPLICAS, maxFaulty, type ReplicaSet } from '../quorum/replica-set.ts';

export type TransitionRefusal =
  | 'other-chain'
  | 'wrong-next-epoch'
  | 'bad-key'
  | 'device-twice'
  | 'key-twice'
  | 'too-few-replicas'
  | 'too-many-replicas'
  | 'too-many-leave'
  | 'too-many-join';

/** Below this many replicas no fault is tolerated: a set that has as many does not shrink further. */
const MIN_TOLERANT = 4;

/** How many voters may leave, be removed or change their key between two sets of which the first has n. */
export function maxLeaving(n: number): number {
  return Math.max(1, maxFaulty(n));
}

/** How many may join a set that has n afterwards: while they catch up they are as good as silent. */
export function maxJoining(n: number): number {
  return Math.max(1, maxFaulty(n));
}

/**
 * Whether `next` may follow `current`: one epoch on, at most f voters gone or under a new key, at most f new ones,
 * and no fewer than 4 replicas unless there were fewer before. So the correct replicas that know the state remain a
 * quorum of both sets where nobody else fails.
 */
export function checkTransition(current: ReplicaSet, next: ReplicaSet): Result<void, TransitionRefusal> {
  if (!equalBytes(current.chainId, next.chainId)) return refuse('other-chain');
  if (next.epoch !== current.epoch + 1) return refuse('wrong-next-epoch', `${next.epoch} after ${current.epoch}`);
  const [before, after] = [current.replicas.length, next.replicas.length];
  if (after > MAX_REPLICAS) return refuse('too-many-replicas', `${after} of at most ${MAX_REPLICAS}`);
  if (after < Math.min(MIN_TOLERANT, before)) return refuse('too-few-replicas', `${after} after ${before}`);
  const keys = checkKeys(next);
  if (!keys.ok) return keys;
  const keyOf = new Map(next.replicas.map(({ device, key }) => [device, key]));
  const known = new Set(current.replicas.map(({ device }) => device));
  const leaving = current.replicas.filter(({ device, key }) => {
    const kept = keyOf.get(device);
    return kept === undefined || !equalBytes(kept, key);
  }).length;
  if (leaving > maxLeaving(before)) return refuse('too-many-leave', `${leaving} of ${before}`);
  const joining = next.replicas.filter(({ device }) => !known.has(device)).length;
  return joining > maxJoining(after) ? refuse('too-many-join', `${joining} to make ${after}`) : accept(undefined);
}

/** Whether every replica has a usable key and device of its own. */
export function checkKeys({ replicas }: ReplicaSet): Result<void, TransitionRefusal> {
  for (const [i, { device, key }] of replicas.entries()) {
    if (key.length !== 32 || isSmallOrderKey(key)) return refuse('bad-key', `of replica ${i}`);
    for (const earlier of replicas.slice(0, i)) {
      if (earlier.device === device) return refuse('device-twice', device);
      if (equalBytes(earlier.key, key)) return refuse('key-twice', `replica ${i}`);
    }
  }
  return accept(undefined);
}
