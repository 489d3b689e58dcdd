import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { checkTransition, type TransitionRefusal } from '../epochs/transition.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import { type Header, type HeaderRefusal, verifyHeader } from './header.ts';

/** What a follower of another chain knows. Plain data: a state machine can keep it in its own state. */
export interface Followed {
  /** Of the newest epoch that was proved. */
  readonly set: ReplicaSet;
  /** Heights up to here belong to earlier epochs. */
  readonly baseHeight: number;
  /** The newest certified states of this epoch, ascending by height; at most `MAX_RECENT`. */
  readonly recent: readonly CertifiedState[];
  /** Two certified states at one height were seen: more than f replicas lied, and nothing is believed any more. */
  readonly forked: boolean;
}

export interface CertifiedState {
  readonly height: number;
  readonly stateDigest: Uint8Array;
}

/** How an epoch ended: a checkpoint at its last height, and in the state that it certifies who comes next. */
export interface EpochProof {
  readonly header: Header;
  /** In the format of the chain's state machine. */
  readonly proof: Uint8Array;
}

/** What the state at the last height of an epoch says. */
export interface NextEpoch {
  readonly next: ReplicaSet;
  readonly lastHeight: number;
}

/** Reads the next set out of a proof under a certified state, or says why the proof shows none. */
export type ProveNext = (stateDigest: Uint8Array, proof: Uint8Array) => Result<NextEpoch>;

export type FollowRefusal =
  | HeaderRefusal
  | TransitionRefusal
  | 'past-epoch'
  | 'unknown-epoch'
  | 'before-epoch'
  | 'stale'
  | 'fork'
  | 'forked'
  | 'bad-epoch-proof'
  | 'not-last-height';

/** Certified states remembered, to recognise a fork and to check proofs against. */
export const MAX_RECENT = 32;

/** @param baseHeight the height after which the epoch of `set` began: 0 for a genesis */
export function startFollowing(set: ReplicaSet, baseHeight = 0): Followed {
  return { set, baseHeight, recent: [], forked: false };
}

/**
 * Checks a header against the epoch that is followed: its chain, epoch, place and signatures. It may be older than
 * the newest: `followHeader` is for those that move on.
 */
export function checkHeader(followed: Followed, header: Header): Result<void, FollowRefusal> {
  const placed = checkPlace(followed, header);
  if (!placed.ok) return placed;
  const verified = verifyHeader(followed.set, header);
  if (!verified.ok) return verified;
  return contradicts(followed, header) ? refuse('fork') : accept(undefined);
}

/** What costs nothing: before any signature. */
function checkPlace({ set, baseHeight, forked }: Followed, header: Header): Result<void, FollowRefusal> {
  if (forked) return refuse('forked');
  if (!equalBytes(header.chainId, set.chainId)) return refuse('wrong-chain');
  if (header.epoch < set.epoch) return refuse('past-epoch', `epoch ${header.epoch}, now ${set.epoch}`);
  if (header.epoch > set.epoch) return refuse('unknown-epoch', `epoch ${header.epoch}, proved up to ${set.epoch}`);
  if (header.height <= baseHeight) return refuse('before-epoch', `height ${header.height}, after ${baseHeight}`);
  return accept(undefined);
}

/** Whether another state is known to be certified at this height. */
function contradicts({ recent }: Followed, header: Header): boolean {
  const known = recent.find(({ height }) => height === header.height);
  return known !== undefined && !equalBytes(known.stateDigest, header.stateDigest);
}

/**
 * Takes a header that is newer than all before.
 * @returns what is known then; refused as `stale` where it is not newer, and as `fork` where it contradicts a state
 * that was certified before: `freeze` what is followed then
 */
export function followHeader(followed: Followed, header: Header): Result<Followed, FollowRefusal> {
  const placed = checkPlace(followed, header);
  if (!placed.ok) return placed;
  const { recent } = followed;
  const newest = recent.at(-1)?.height ?? followed.baseHeight;
  const old = header.height <= newest && !contradicts(followed, header);
  if (old) return refuse('stale', `height ${header.height}, known up to ${newest}`);
  const checked = checkHeader(followed, header);
  if (!checked.ok) return checked;
  const { height, stateDigest } = header;
  return accept({ ...followed, recent: [...recent, { height, stateDigest }].slice(-MAX_RECENT) });
}

/** Moves on to the epoch that the proof shows. Refused as `not-last-height` where the epoch ends elsewhere. */
export function followEpoch(
  followed: Followed,
  { header, proof }: EpochProof,
  proveNext: ProveNext,
): Result<Followed, FollowRefusal> {
  const checked = checkHeader(followed, header);
  if (!checked.ok) return checked;
  const change = proveNext(header.stateDigest, proof);
  if (!change.ok) return refuse('bad-epoch-proof', change.detail ?? change.reason);
  const { next, lastHeight } = change.value;
  if (header.height !== lastHeight) return refuse('not-last-height', `height ${header.height}, not ${lastHeight}`);
  const allowed = checkTransition(followed.set, next);
  return allowed.ok ? accept(startFollowing(next, lastHeight)) : allowed;
}

/** After a `fork`: more than f replicas of that chain lied, so nothing of it is believed any more. */
export function freeze(followed: Followed): Followed {
  return { ...followed, forked: true };
}

/** A light client of one chain: epoch by epoch, header by header, from a set that is trusted. */
export interface Follower {
  readonly followed: Followed;
  /** Whether a header is certified by the epoch that is followed, however old it is. A fork freezes the follower. */
  check(header: Header): Result<void, FollowRefusal>;
  /** The same for one that must be newer than all before; it is remembered. */
  follow(header: Header): Result<void, FollowRefusal>;
  /** Moves on to the next epoch. */
  advance(proof: EpochProof): Result<ReplicaSet, FollowRefusal>;
}

/** @param trusted a genesis set, or what `followed` was once @param proveNext of the chain's state machine */
export function createFollower(trusted: ReplicaSet | Followed, proveNext: ProveNext): Follower {
  let followed = 'set' in trusted ? trusted : startFollowing(trusted);
  const noteFork = <T>(result: Result<T, FollowRefusal>): Result<T, FollowRefusal> => {
    if (!result.ok && result.reason === 'fork') followed = freeze(followed);
    return result;
  };
  return {
    get followed() {
      return followed;
    },
    check: (header) => noteFork(checkHeader(followed, header)),
    follow: (header) => {
      const moved = noteFork(followHeader(followed, header));
      if (!moved.ok) return moved;
      followed = moved.value;
      return accept(undefined);
    },
    advance: (proof) => {
      const moved = noteFork(followEpoch(followed, proof, proveNext));
      if (!moved.ok) return moved;
      followed = moved.value;
      return accept(followed.set);
    },
  };
}
