import { checkInteger, refuseUnknownKeys } from '@murmuration/core';
import { MAX_BATCH_BYTES, MAX_BATCH_REQUESTS } from '../quorum/batch.ts';

/** Plain data; every replica of a set uses the same. */
export interface ProbftOptions {
  /** l of q = ceil(l √n). @default 2 — prepared with 99.9 % at n = 100 and no fault */
  readonly quorumFactor?: number;
  /** o of s = ceil(o q). @default 2.5 — decides with 99.9 % at n = 100 and a third silent, at half of PBFT's messages */
  readonly sampleFactor?: number;
  /** How long a view may take, in milliseconds; doubles with each that fails. @default 2000 */
  readonly viewTimeoutMs?: number;
  /** @default 1024 */
  readonly maxBatchRequests?: number;
  /** @default 512 KiB */
  readonly maxBatchBytes?: number;
  /** @default 128 KiB */
  readonly maxRequestBytes?: number;
  /** @default 10_000 */
  readonly maxPoolRequests?: number;
  /** @default 64 MiB */
  readonly maxPoolBytes?: number;
  /** Decided heights kept for replicas that missed them. @default 64 */
  readonly maxDecided?: number;
}

export type CheckedProbftOptions = Required<ProbftOptions>;

const DEFAULTS: CheckedProbftOptions = {
  quorumFactor: 2,
  sampleFactor: 2.5,
  viewTimeoutMs: 2000,
  maxBatchRequests: 1024,
  maxBatchBytes: 512 * 1024,
  maxRequestBytes: 128 * 1024,
  maxPoolRequests: 10_000,
  maxPoolBytes: 64 * 1024 * 1024,
  maxDecided: 64,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkProbftOptions(given: ProbftOptions): CheckedProbftOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'probft');
  const options = { ...DEFAULTS, ...given };
  checkInteger('viewTimeoutMs', options.viewTimeoutMs, 1, 3_600_000);
  checkInteger('maxBatchRequests', options.maxBatchRequests, 1, MAX_BATCH_REQUESTS);
  checkInteger('maxBatchBytes', options.maxBatchBytes, 128, MAX_BATCH_BYTES);
  checkInteger('maxRequestBytes', options.maxRequestBytes, 1, options.maxBatchBytes - 96);
  checkInteger('maxPoolRequests', options.maxPoolRequests, 1);
  checkInteger('maxPoolBytes', options.maxPoolBytes, options.maxRequestBytes);
  checkInteger('maxDecided', options.maxDecided, 1, 4096);
  return options;
}
