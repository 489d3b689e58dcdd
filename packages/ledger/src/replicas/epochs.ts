import { quorum, type ReplicaSet } from '@murmuration/consensus';
import type { DeviceId } from '@murmuration/core';
import type { LedgerState } from '../state/ledger-state.ts';
import type { Turn } from '../turn.ts';
import { type EpochEntry, epochKey } from './schema.ts';

/** The epoch that decides `height`: at most one beyond what is executed. */
export function epochOf(state: LedgerState, height: number): EpochEntry {
  const entries = state.epochs.values();
  return entries.findLast(({ baseHeight }) => baseHeight < height) ?? (entries[0] as EpochEntry);
}

/** Whether the block being applied is the first that a later epoch decides. */
export function beginsEpoch({ state, height }: Turn): boolean {
  return height > 1 && state.epochs.values().some(({ baseHeight }) => baseHeight === height - 1);
}

/** The epoch that is decided and has not begun after `height`. */
export function pendingEpoch(state: LedgerState, height: number): EpochEntry | undefined {
  const last = state.epochs.values().at(-1) as EpochEntry;
  return last.baseHeight > height ? last : undefined;
}

/** Replicas of the epochs that are remembered: none where they never change. */
export function knownSets({ chain, state }: Turn): readonly ReplicaSet[] {
  return state.epochs.values().map((entry) => setOf(chain.chainId, entry));
}

/**
 * Who decides a round now, or did when it closed; undefined where that epoch is forgotten.
 * @param round closed or open
 */
export function decidersOf(
  turn: Turn,
  { closed }: { readonly closed: { readonly height: number } | null },
): (Voters & { readonly epoch: number }) | undefined {
  if (turn.chain.genesis.lookahead === undefined || closed === null) return votersOf(turn);
  return turn.state.epochs.values().findLast(({ baseHeight }) => baseHeight < closed.height);
}

/** Who has this number in an epoch that is remembered. */
export function seatIn(state: LedgerState, epoch: number, replica: number): DeviceId | undefined {
  return state.epochs.get(epochKey(epoch))?.replicas[replica]?.device;
}

export function setOf(chainId: Uint8Array, { epoch, replicas }: EpochEntry): ReplicaSet {
  return { chainId, epoch, replicas };
}

/** Replicas without their keys. */
export interface Voters {
  readonly replicas: readonly { readonly device: DeviceId }[];
}

/** Those that decide the block being applied, also where they never change. */
export function votersOf({ chain, state, height }: Turn): Voters & { readonly epoch: number } {
  if (chain.genesis.lookahead !== undefined) return epochOf(state, height);
  return { epoch: 0, replicas: chain.replicas.map((device) => ({ device })) };
}

export function votes({ replicas }: Voters, device: DeviceId): boolean {
  return replicas.some((replica) => replica.device === device);
}

/** Whether these are a quorum of the epoch's replicas. Those that are none of them do not count. */
export function isQuorum({ replicas }: Voters, devices: readonly DeviceId[]): boolean {
  return replicas.filter(({ device }) => devices.includes(device)).length >= quorum(replicas.length);
}
