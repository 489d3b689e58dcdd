import { bytes, bytesUpTo, type Schema, struct, uint } from '@murmuration/core';
import { type AtomicEntry, atomicSchema, type ClusterEntry, clusterSchema } from '../clusters/schema.ts';
import { type ReplayWindow, replayWindowSchema } from '../devices/replay-window.ts';
import { type CertificateEntry, certificateSchema, type DeviceEntry, deviceSchema } from '../devices/schema.ts';
import { MAX_FEE_VALUE_BYTES } from '../fees/fee-state.ts';
import {
  type JobEntry,
  jobSchema,
  type OutlierEntry,
  outlierSchema,
  type ProofEntry,
  proofSchema,
  type RoundEntry,
  roundSchema,
} from '../learning/schema.ts';
import { type EvidenceEntry, evidenceSchema, type QuarantineEntry, quarantineSchema } from '../quarantine/schema.ts';
import { type EpochEntry, epochSchema, type SeatWish, seatWishSchema } from '../replicas/schema.ts';
import { createStateStore, type StateStore, type Table } from './store.ts';

/** Where the chain stands. One leaf, `meta/chain`. */
export interface Meta {
  readonly chainId: Uint8Array;
  readonly height: number;
  /** Block time: the highest of all blocks so far, unix milliseconds. */
  readonly timeMs: number;
  /** Rounds closed so far, over all jobs. */
  readonly roundsClosed: number;
}

export const metaSchema: Schema<Meta> = struct({ chainId: bytes(32), height: uint, timeMs: uint, roundsClosed: uint });
export const META_KEY = 'chain';

/** The tables. Rounds, which grow, come last in key order, so that a new one moves few leaves. */
export interface LedgerState {
  readonly store: StateStore;
  /** By id in hexadecimal: deals with other clusters. */
  readonly atomics: Table<AtomicEntry>;
  /** How many of them each device prepared. */
  readonly atomicCounts: Table<number>;
  /** By device and epoch. */
  readonly certificates: Table<CertificateEntry>;
  /** Others that this chain follows, by chain id in hexadecimal. */
  readonly clusters: Table<ClusterEntry>;
  readonly devices: Table<DeviceEntry>;
  /** By epoch, the last one maybe not in force yet. Empty where the replicas are fixed. */
  readonly epochs: Table<EpochEntry>;
  readonly evidence: Table<EvidenceEntry>;
  /** What the fee policy keeps. */
  readonly fees: Table<Uint8Array>;
  readonly jobs: Table<JobEntry>;
  readonly meta: Table<Meta>;
  readonly outliers: Table<OutlierEntry>;
  /** By job and round. */
  readonly proofs: Table<ProofEntry>;
  readonly quarantines: Table<QuarantineEntry>;
  readonly replay: Table<ReplayWindow>;
  /** By job and round. */
  readonly rounds: Table<RoundEntry>;
  /** Who is to become a replica or to cease to be one. */
  readonly seats: Table<SeatWish>;
}

export function createLedgerState(): LedgerState {
  const store = createStateStore();
  return {
    store,
    atomics: store.table('atomic', atomicSchema),
    atomicCounts: store.table('atomic-count', uint),
    certificates: store.table('certificate', certificateSchema),
    clusters: store.table('cluster', clusterSchema),
    devices: store.table('device', deviceSchema),
    epochs: store.table('epoch', epochSchema),
    evidence: store.table('evidence', evidenceSchema),
    fees: store.table('fee', bytesUpTo(MAX_FEE_VALUE_BYTES)),
    jobs: store.table('job', jobSchema),
    meta: store.table('meta', metaSchema),
    outliers: store.table('outlier', outlierSchema),
    proofs: store.table('proof', proofSchema),
    quarantines: store.table('quarantine', quarantineSchema),
    replay: store.table('replay', replayWindowSchema),
    rounds: store.table('round', roundSchema),
    seats: store.table('seat', seatWishSchema),
  };
}

export function metaOf(state: LedgerState): Meta {
  return state.meta.get(META_KEY) as Meta;
}
