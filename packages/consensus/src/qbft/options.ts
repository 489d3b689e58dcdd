import { checkInteger, refuseUnknownKeys } from '@murmuration/core';
import { BATCH_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_REQUESTS, REQUEST_OVERHEAD_BYTES } from '../quorum/batch.ts';

/** Plain data; every replica of a set uses the same. */
export interface QbftOptions {
  /** How long the first round of a height may take, in milliseconds; doubles with each that fails. @default 1000 */
  readonly roundTimeoutMs?: number;
  /** @default 512 */
  readonly maxBatchRequests?: number;
  /** @default 256 KiB — a round-change carries one, so a proposer may hold n of them */
  readonly maxBatchBytes?: number;
  /** Larger ones are refused. @default 128 KiB — evidence with its certificates */
  readonly maxRequestBytes?: number;
  /** Waiting requests kept for each replica that brought them. @default 2048 */
  readonly maxPoolRequests?: number;
  /** And their bytes. @default 1 MiB */
  readonly maxPoolBytes?: number;
  /** The time of a new batch may differ from the own wall clock by this much. @default 60_000 */
  readonly maxClockSkewMs?: number;
  /** Decided heights kept for replicas that missed them; older ones are the host's to serve. @default 64 */
  readonly maxDecided?: number;
  /** An idle replica asks another this often whether it missed a height. @default 2000 */
  readonly statusIntervalMs?: number;
}

export type CheckedQbftOptions = Required<QbftOptions>;

const DEFAULTS: CheckedQbftOptions = {
  roundTimeoutMs: 1000,
  maxBatchRequests: 512,
  maxBatchBytes: 256 * 1024,
  maxRequestBytes: 128 * 1024,
  maxPoolRequests: 2048,
  maxPoolBytes: 1024 * 1024,
  maxClockSkewMs: 60_000,
  maxDecided: 64,
  statusIntervalMs: 2000,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkQbftOptions(given: QbftOptions): CheckedQbftOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'createQbft');
  const options = { ...DEFAULTS, ...given };
  checkInteger('roundTimeoutMs', options.roundTimeoutMs, 4, 3_600_000);
  checkInteger('maxBatchRequests', options.maxBatchRequests, 1, MAX_BATCH_REQUESTS);
  checkInteger('maxBatchBytes', options.maxBatchBytes, 64, MAX_BATCH_BYTES);
  const room = options.maxBatchBytes - BATCH_OVERHEAD_BYTES - REQUEST_OVERHEAD_BYTES;
  checkInteger('maxRequestBytes', options.maxRequestBytes, 1, room);
  checkInteger('maxPoolRequests', options.maxPoolRequests, 1);
  checkInteger('maxPoolBytes', options.maxPoolBytes, options.maxRequestBytes);
  checkInteger('maxClockSkewMs', options.maxClockSkewMs, 0);
  checkInteger('maxDecided', options.maxDecided, 1, 4096);
  checkInteger('statusIntervalMs', options.statusIntervalMs, 1);
  return options;
}
