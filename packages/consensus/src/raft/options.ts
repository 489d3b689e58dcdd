import { checkInteger, refuseUnknownKeys } from '@murmuration/core';
import { BATCH_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_REQUESTS, REQUEST_OVERHEAD_BYTES } from '../quorum/batch.ts';

/** Plain data; every member of a cluster uses the same. */
export interface RaftOptions {
  /** How often the clock of the core ticks, in milliseconds; a leader says it is alive at each tick. @default 50 */
  readonly tickMs?: number;
  /**
   * Ticks without a leader after which a follower may campaign; each waits between one and two times that, drawn anew.
   * @default 10 — an order of magnitude above the heartbeat, as the thesis (§3.9) asks
   */
  readonly electionTicks?: number;
  /** Entries that one follower may be sent ahead of its answers. @default 64 */
  readonly maxInflight?: number;
  /** Entries that a leader keeps uncommitted; further requests wait in the pool. @default 64 */
  readonly window?: number;
  /** @default 1024 */
  readonly maxBatchRequests?: number;
  /** @default 1 MiB — well below a frame */
  readonly maxBatchBytes?: number;
  /** @default 256 KiB */
  readonly maxRequestBytes?: number;
  /** Requests waiting to be committed. @default 10_000 */
  readonly maxPoolRequests?: number;
  /** @default 64 MiB */
  readonly maxPoolBytes?: number;
  /** Bytes of entries, or of a snapshot, in one message. @default 512 KiB */
  readonly maxMessageBytes?: number;
  /** The largest snapshot that is taken or accepted. @default 64 MiB */
  readonly maxSnapshotBytes?: number;
  /** Reads that wait for their confirmation. @default 1024 */
  readonly maxReads?: number;
}

export type CheckedRaftOptions = Required<RaftOptions>;

const DEFAULTS: CheckedRaftOptions = {
  tickMs: 50,
  electionTicks: 10,
  maxInflight: 64,
  window: 64,
  maxBatchRequests: 1024,
  maxBatchBytes: 1024 * 1024,
  maxRequestBytes: 256 * 1024,
  maxPoolRequests: 10_000,
  maxPoolBytes: 64 * 1024 * 1024,
  maxMessageBytes: 512 * 1024,
  maxSnapshotBytes: 64 * 1024 * 1024,
  maxReads: 1024,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkRaftOptions(given: RaftOptions): CheckedRaftOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'raft');
  const options = { ...DEFAULTS, ...given };
  checkInteger('tickMs', options.tickMs, 1, 60_000);
  checkInteger('electionTicks', options.electionTicks, 2, 1000);
  checkInteger('maxInflight', options.maxInflight, 1, 4096);
  checkInteger('window', options.window, 1, 4096);
  checkInteger('maxBatchRequests', options.maxBatchRequests, 1, MAX_BATCH_REQUESTS);
  checkInteger('maxBatchBytes', options.maxBatchBytes, 64, MAX_BATCH_BYTES);
  const room = options.maxBatchBytes - BATCH_OVERHEAD_BYTES - REQUEST_OVERHEAD_BYTES;
  checkInteger('maxRequestBytes', options.maxRequestBytes, 1, room);
  checkInteger('maxPoolRequests', options.maxPoolRequests, 1);
  checkInteger('maxPoolBytes', options.maxPoolBytes, options.maxRequestBytes);
  checkInteger('maxMessageBytes', options.maxMessageBytes, 64, MAX_BATCH_BYTES);
  checkInteger('maxSnapshotBytes', options.maxSnapshotBytes, 1, 2 ** 30);
  checkInteger('maxReads', options.maxReads, 1);
  return options;
}
