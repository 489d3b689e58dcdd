import { MAX_REPLICAS, type ReplicaEntry, type ReplicaSet } from '@murmuration/consensus';
import { boolean, bytes, type DeviceId, deviceId, list, oneOf, type Schema, struct, uint } from '@murmuration/core';

/** Who decides the heights above `baseHeight`, until the next epoch begins. One leaf for each, `epoch/EPOCH`. */
export interface EpochEntry {
  readonly epoch: number;
  /** The last height of the epoch before. */
  readonly baseHeight: number;
  readonly replicas: readonly ReplicaEntry[];
}

const replicasSchema = list(struct({ device: deviceId, key: bytes(32) }), MAX_REPLICAS);
export const replicaSetSchema: Schema<ReplicaSet> = struct({
  chainId: bytes(32),
  epoch: uint,
  replicas: replicasSchema,
});

export const epochSchema: Schema<EpochEntry> = struct({
  epoch: uint,
  baseHeight: uint,
  replicas: replicasSchema,
});

/** A wish that a device becomes a replica or ceases to be one. One for each device: a later one takes its place. */
export interface SeatWish {
  readonly device: DeviceId;
  readonly change: 'join' | 'leave';
  /** Replicas that asked for it, ascending. */
  readonly approvedBy: readonly DeviceId[];
  /** Enough of them did, or the device itself where it leaves: comes into force when it fits. */
  readonly granted: boolean;
  readonly sinceHeight: number;
}

export const seatWishSchema: Schema<SeatWish> = struct({
  device: deviceId,
  change: oneOf('join', 'leave'),
  approvedBy: list(deviceId, MAX_REPLICAS),
  granted: boolean,
  sinceHeight: uint,
});

export function epochKey(epoch: number): string {
  return String(epoch).padStart(16, '0');
}
