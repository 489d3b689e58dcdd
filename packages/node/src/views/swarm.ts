import type { JobView } from './learning.ts';
import type { QuarantineView } from './trust.ts';

/** All that the first screen shows, at one moment. Hex is lower case, times are unix milliseconds. */
export interface SwarmSnapshot {
  readonly swarm: SwarmView;
  readonly quorum: QuorumView;
  readonly training: TrainingView;
  readonly ledger: LedgerView;
  readonly devices: readonly DeviceView[];
  readonly links: readonly LinkView[];
  /** The job that runs, or ran last; null before the first. */
  readonly job: JobView | null;
  readonly quarantines: readonly QuarantineView[];
}

export interface SwarmView {
  /** Chain id: hash of the genesis, hex. */
  readonly id: string;
  readonly name: string;
  readonly startedAtMs: number;
  /** Of the software. */
  readonly version: string;
}

/** What consensus tolerates. Training tolerates less: show it beside this. */
export interface QuorumView {
  readonly replicas: number;
  /** f = floor((n - 1) / 3) */
  readonly faultyTolerated: number;
  readonly quorum: number;
  /** Replicas that answer right now. */
  readonly live: number;
  /** `degraded`: some are missing, a quorum is there. `lost`: nothing commits until more return. */
  readonly health: 'healthy' | 'degraded' | 'lost';
}

/** What training tolerates. Liars that were found and quarantined count as borne. */
export interface TrainingView {
  /** Registered devices, quarantined ones included. */
  readonly participants: number;
  /** Liars among them that the rule bears. */
  readonly faultyTolerated: number;
  readonly strategy: string;
}

export interface LedgerView {
  readonly height: number;
  /** Merkle root of the state at `height`, hex. */
  readonly stateRoot: string;
  /** Replicas that report this root at this height. */
  readonly replicasAgreeing: number;
  readonly view: number;
  /** Device id of the view's primary. */
  readonly primary: string;
  readonly commitLatencyMs: { readonly p50: number; readonly p99: number };
}

export interface DeviceView {
  /** Full device id. */
  readonly device: string;
  /** Eight characters for a screen, never a key. */
  readonly short: string;
  readonly name: string;
  readonly role: 'replica' | 'member';
  readonly state: 'starting' | 'up' | 'down' | 'quarantined';
  readonly height: number;
  readonly view: number;
  readonly keyEpoch: number;
  readonly certificateExpiresMs: number;
  /** Multiaddrs it listens on. */
  readonly addresses: readonly string[];
  /** Training samples it holds. */
  readonly samples: number;
  /** Resident memory, MiB. */
  readonly rssMb: number;
  /** Null where the process is another machine's, or gone. */
  readonly pid: number | null;
  /** The planted liar's name, known only to who planted it; null for an ordinary device. */
  readonly behaviour: string | null;
}

/** A connection, seen from `from`. */
export interface LinkView {
  readonly from: string;
  readonly to: string;
  /** Null until measured. */
  readonly rttMs: number | null;
}
