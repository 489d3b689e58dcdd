import { bytes, bytesUpTo, type Schema, struct, uint } from '@murmuration/core';
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

const metaSchema: Schema<Meta> = struct({ chainId: bytes(32), height: uint, timeMs: uint, roundsClosed: uint });
export const META_KEY = 'chain';

/** The tables. Rounds, which grow, come last in key order, so that a new one moves few leaves. */
export interface LedgerState {
  readonly store: StateStore;
  /** By device and epoch. */
  readonly certificates: Table<CertificateEntry>;
  readonly devices: Table<DeviceEntry>;
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
}

export function createLedgerState(): LedgerState {
  const store = createStateStore();
  return {
    store,
    certificates: store.table('certificate', certificateSchema),
    devices: store.table('device', deviceSchema),
    evidence: store.table('evidence', evidenceSchema),
    fees: store.table('fee', bytesUpTo(MAX_FEE_VALUE_BYTES)),
    jobs: store.table('job', jobSchema),
    meta: store.table('meta', metaSchema),
    outliers: store.table('outlier', outlierSchema),
    proofs: store.table('proof', proofSchema),
    quarantines: store.table('quarantine', quarantineSchema),
    replay: store.table('replay', replayWindowSchema),
    rounds: store.table('round', roundSchema),
  };
}

export function metaOf(state: LedgerState): Meta {
  return state.meta.get(META_KEY) as Meta;
}
