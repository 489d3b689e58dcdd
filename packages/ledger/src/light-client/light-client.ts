import {
  createFollower,
  type EpochProof,
  type Followed,
  type FollowRefusal,
  type Header,
  type ProveNext,
} from '@murmuration/consensus';
import { type DecodeReason, type Result, refuse } from '@murmuration/core';
import { type Genesis, replicaSetOf } from '../genesis.ts';
import { proveNextEpoch } from '../replicas/proof.ts';
import { decodeStateAnswer, verifyStateAnswer } from '../state/proof.ts';
import { decodeFollowed, encodeFollowed } from './saved.ts';

export type StateRefusal = DecodeReason | 'forked' | 'unknown-height' | 'wrong-key' | 'wrong-proof';

/**
 * Follows a chain without its blocks: from the genesis alone, by certified checkpoints, and from epoch to epoch by
 * proofs of the next replica set. Within an epoch any checkpoint may follow any earlier one. It believes what a
 * quorum of the current set signed, so it is safe while at most f replicas of each epoch lie; it cannot tell whether
 * a newer checkpoint is kept from it: compare block time, and ask several replicas.
 */
export interface LightClient {
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  readonly epoch: number;
  /** Height of the newest state, 0 before the first. */
  readonly height: number;
  /** Two states were certified at one height: nothing is believed any more. */
  readonly forked: boolean;
  /** Takes a newer checkpoint of this epoch; the reason says why another one is refused. */
  follow(header: Header): Result<void, FollowRefusal>;
  /** Moves on to the next epoch. */
  advance(proof: EpochProof): Result<void, FollowRefusal>;
  /**
   * What stood under `key` after `height`, from an encoded `StateAnswer` of anyone.
   * @param height of one of the last 32 checkpoints that were taken
   * @returns the value in its canonical encoding, or null where there was none
   */
  read(height: number, key: string, answer: Uint8Array): Result<Uint8Array | null, StateRefusal>;
  /** All that it knows, at most `MAX_SAVED_BYTES`, for `openLightClient`. */
  save(): Uint8Array;
}

export interface LightClientOptions {
  /** Reads the next replica set out of an epoch proof. @default `proveNextEpoch` of this ledger */
  readonly proveNext?: ProveNext;
}

/** @throws LEDGER_GENESIS_INVALID */
export function createLightClient(genesis: Genesis, options: LightClientOptions = {}): LightClient {
  return clientOf(replicaSetOf(genesis), options);
}

/**
 * Goes on from what was saved, which must come from where nobody else writes.
 * @returns refused as `damaged`, `foreign-chain`, or with a reason of decoding
 * @throws LEDGER_GENESIS_INVALID
 */
export function openLightClient(
  genesis: Genesis,
  saved: Uint8Array,
  options: LightClientOptions = {},
): Result<LightClient> {
  const followed = decodeFollowed(saved, replicaSetOf(genesis).chainId);
  return followed.ok ? { ok: true, value: clientOf(followed.value, options) } : followed;
}

function clientOf(start: Parameters<typeof createFollower>[0], options: LightClientOptions): LightClient {
  const { chainId } = 'set' in start ? start.set : start;
  const follower = createFollower(start, options.proveNext ?? proveNextEpoch(chainId));
  return {
    chainId,
    get epoch() {
      return follower.followed.set.epoch;
    },
    get height() {
      return newestHeight(follower.followed);
    },
    get forked() {
      return follower.followed.forked;
    },
    follow: (header) => follower.follow(header),
    advance: (proof) => {
      const moved = follower.advance(proof);
      return moved.ok ? { ok: true, value: undefined } : moved;
    },
    read: (height, key, wire) => readState(follower.followed, height, key, wire),
    save: () => encodeFollowed(follower.followed),
  };
}

function newestHeight({ recent, baseHeight }: Followed): number {
  return recent.at(-1)?.height ?? baseHeight;
}

function readState(
  { recent, forked }: Followed,
  height: number,
  key: string,
  wire: Uint8Array,
): Result<Uint8Array | null, StateRefusal> {
  if (forked) return refuse('forked');
  const state = recent.find((known) => known.height === height);
  if (state === undefined) return refuse('unknown-height', `no state at ${height} was taken, or too long ago`);
  const answer = decodeStateAnswer(wire);
  return answer.ok ? verifyStateAnswer(key, answer.value, state.stateDigest) : answer;
}
