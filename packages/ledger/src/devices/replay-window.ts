import { bytes, equalBytes, list, oneOf, optional, type Schema, struct, uint } from '@murmuration/core';
import { amount } from '../fees/amount.ts';
import { REPLAY_WINDOW } from '../limits.ts';
import { REFUSAL_REASONS, type RefusalReason } from '../refusal.ts';

/** Which sequence numbers of one sender were used, and by which command. */
export interface ReplayWindow {
  /** 0 before the first. */
  readonly highest: number;
  /** Those above `highest` − 64, ascending. */
  readonly recent: readonly UsedSequence[];
}

/** What the command that used a number came to: enough to answer whoever sends it again. */
export interface Usage {
  readonly height: number;
  /** Null where it was applied. */
  readonly reason: RefusalReason | null;
  readonly fee: bigint;
}

export interface UsedSequence extends Usage {
  readonly sequence: number;
  /** First bytes of the command's digest; they only tell a replay from a clash, so 64 bits do. */
  readonly digest: Uint8Array;
}

const DIGEST_BYTES = 8;

export const replayWindowSchema: Schema<ReplayWindow> = struct({
  highest: uint,
  recent: list(
    struct({
      sequence: uint,
      digest: bytes(DIGEST_BYTES),
      height: uint,
      reason: optional(oneOf(...REFUSAL_REASONS)),
      fee: amount,
    }),
    REPLAY_WINDOW,
  ),
});

export const emptyReplayWindow: ReplayWindow = { highest: 0, recent: [] };

/**
 * @param digest of the whole command
 * @returns `fresh`; `duplicate` for the same command again; `sequence-used` by another one;
 * `sequence-too-old` below the window, where the two can no longer be told apart
 */
export function checkSequence(
  window: ReplayWindow,
  sequence: number,
  digest: Uint8Array,
): 'fresh' | 'duplicate' | 'sequence-used' | 'sequence-too-old' {
  if (sequence <= window.highest - REPLAY_WINDOW) return 'sequence-too-old';
  const used = window.recent.find((entry) => entry.sequence === sequence);
  if (used === undefined) return 'fresh';
  return equalBytes(used.digest, digest.subarray(0, DIGEST_BYTES)) ? 'duplicate' : 'sequence-used';
}

/** @param sequence fresh by `checkSequence` */
export function useSequence(
  window: ReplayWindow,
  sequence: number,
  digest: Uint8Array,
  { height, reason, fee }: Usage,
): ReplayWindow {
  const highest = Math.max(window.highest, sequence);
  const recent = [...window.recent, { sequence, digest: digest.slice(0, DIGEST_BYTES), height, reason, fee }]
    .filter((entry) => entry.sequence > highest - REPLAY_WINDOW)
    .sort((a, b) => a.sequence - b.sequence);
  return { highest, recent };
}
