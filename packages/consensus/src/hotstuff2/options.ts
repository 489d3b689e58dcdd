import { checkInteger, refuseUnknownKeys } from '@murmuration/core';
import { MAX_BATCH_BYTES, MAX_BATCH_REQUESTS } from '../quorum/batch.ts';

/** Plain data; every replica of a set uses the same. */
export interface Hotstuff2Options {
  /** How long a view may go without a decision while there is work, in milliseconds; doubles with each that fails. @default 1000 */
  readonly viewTimeoutMs?: number;
  /**
   * Δ: how long a leader that lacks the certificate of the view before waits for the locks of the others, in
   * milliseconds. Above the time that a message takes, or progress waits for a longer view. @default a quarter of viewTimeoutMs
   */
  readonly maxDelayMs?: number;
  /**
   * Heights after which the next replica leads, in the same view: nobody decides for long what waits.
   * @default 8 — a replica that is down costs one timeout in 8 (n - 1) heights
   */
  readonly heightsPerLeader?: number;
  /** @default 1024 */
  readonly maxBatchRequests?: number;
  /** @default 512 KiB */
  readonly maxBatchBytes?: number;
  /** @default 128 KiB */
  readonly maxRequestBytes?: number;
  /** Waiting requests kept for each replica that brought them. @default 2048 */
  readonly maxPoolRequests?: number;
  /** And their bytes. @default 1 MiB */
  readonly maxPoolBytes?: number;
  /** Decided heights kept for replicas that missed them. @default 64 */
  readonly maxDecided?: number;
}

export type CheckedHotstuff2Options = Required<Hotstuff2Options>;

const DEFAULTS: CheckedHotstuff2Options = {
  viewTimeoutMs: 1000,
  maxDelayMs: 250,
  heightsPerLeader: 8,
  maxBatchRequests: 1024,
  maxBatchBytes: 512 * 1024,
  maxRequestBytes: 128 * 1024,
  maxPoolRequests: 2048,
  maxPoolBytes: 1024 * 1024,
  maxDecided: 64,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkHotstuff2Options(given: Hotstuff2Options): CheckedHotstuff2Options {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'createHotstuff2');
  const maxDelayMs = given.maxDelayMs ?? Math.ceil((given.viewTimeoutMs ?? DEFAULTS.viewTimeoutMs) / 4);
  const options = { ...DEFAULTS, ...given, maxDelayMs };
  checkInteger('viewTimeoutMs', options.viewTimeoutMs, 4, 3_600_000);
  checkInteger('maxDelayMs', options.maxDelayMs, 1, options.viewTimeoutMs);
  checkInteger('heightsPerLeader', options.heightsPerLeader, 1, 1_000_000);
  checkInteger('maxBatchRequests', options.maxBatchRequests, 1, MAX_BATCH_REQUESTS);
  checkInteger('maxBatchBytes', options.maxBatchBytes, 128, MAX_BATCH_BYTES);
  checkInteger('maxRequestBytes', options.maxRequestBytes, 1, options.maxBatchBytes - 96);
  checkInteger('maxPoolRequests', options.maxPoolRequests, 1);
  checkInteger('maxPoolBytes', options.maxPoolBytes, options.maxRequestBytes);
  checkInteger('maxDecided', options.maxDecided, 1, 4096);
  return options;
}
