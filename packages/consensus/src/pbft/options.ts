import { checkInteger, refuseUnknownKeys } from '@murmuration/core';
import { BATCH_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_REQUESTS, REQUEST_OVERHEAD_BYTES } from '../quorum/batch.ts';
import { MAX_LOG_WINDOW } from './messages.ts';

export interface PbftOptions {
  /** Waiting work without a commit for this long starts a view change; doubles with each failed view after two. @default 1000 */
  readonly progressTimeoutMs?: number;
  /** A request waits at most this long for company while other batches are in flight. @default 10 */
  readonly batchDelayMs?: number;
  /** @default 512 — at 256 B about half of `maxBatchBytes` */
  readonly maxBatchRequests?: number;
  /** @default 256 KiB — a window of them for five views stays near 10 MiB */
  readonly maxBatchBytes?: number;
  /** Larger ones are refused. @default 128 KiB — evidence with its certificates */
  readonly maxRequestBytes?: number;
  /** Heights in flight at once. @default 8 */
  readonly window?: number;
  /**
   * Heights above the last executed one that are voted on, so that every vote knows its epoch: a change of replicas
   * executed at h takes effect after h + lookahead. The same for all replicas of a chain.
   * @default 2 `window`s — one in flight and one that waits to be executed, so that the pipeline never notices
   */
  readonly lookahead?: number;
  /** K: heights between checkpoints. @default 64 */
  readonly checkpointInterval?: number;
  /** L: heights above the stable checkpoint that are accepted. @default 2K */
  readonly logWindow?: number;
  /** Waiting requests kept for each replica that brought them. @default 2048 */
  readonly maxPoolRequests?: number;
  /** And their bytes. @default 1 MiB */
  readonly maxPoolBytes?: number;
  /** A proposal's time may differ from the own wall clock by this much. @default 60_000 */
  readonly maxClockSkewMs?: number;
  /** Payloads of committed blocks kept for laggards, in bytes; older ones are the host's to serve. @default 8 MiB */
  readonly maxRetainedBytes?: number;
  /** An idle replica tells its height this often. @default 2000 */
  readonly statusIntervalMs?: number;
}

export type CheckedOptions = Required<PbftOptions>;

const DEFAULTS: CheckedOptions = {
  progressTimeoutMs: 1000,
  batchDelayMs: 10,
  maxBatchRequests: 512,
  maxBatchBytes: 256 * 1024,
  maxRequestBytes: 128 * 1024,
  window: 8,
  lookahead: 16,
  checkpointInterval: 64,
  logWindow: 128,
  maxPoolRequests: 2048,
  maxPoolBytes: 1024 * 1024,
  maxClockSkewMs: 60_000,
  maxRetainedBytes: 8 * 1024 * 1024,
  statusIntervalMs: 2000,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkOptions(given: PbftOptions): CheckedOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'createPbft');
  const logWindow = given.logWindow ?? 2 * (given.checkpointInterval ?? DEFAULTS.checkpointInterval);
  const lookahead = given.lookahead ?? 2 * (given.window ?? DEFAULTS.window);
  const options: CheckedOptions = { ...DEFAULTS, ...given, logWindow, lookahead };
  checkInteger('progressTimeoutMs', options.progressTimeoutMs, 4, 3_600_000);
  checkInteger('batchDelayMs', options.batchDelayMs, 0, 60_000);
  checkInteger('maxBatchRequests', options.maxBatchRequests, 1, MAX_BATCH_REQUESTS);
  checkInteger('maxBatchBytes', options.maxBatchBytes, 64, MAX_BATCH_BYTES);
  const room = options.maxBatchBytes - BATCH_OVERHEAD_BYTES - REQUEST_OVERHEAD_BYTES;
  checkInteger('maxRequestBytes', options.maxRequestBytes, 1, room);
  checkInteger('window', options.window, 1, 256);
  checkInteger('lookahead', options.lookahead, 1, MAX_LOG_WINDOW);
  checkInteger('checkpointInterval', options.checkpointInterval, 1, MAX_LOG_WINDOW / 2);
  checkInteger('logWindow', options.logWindow, 2 * options.checkpointInterval, MAX_LOG_WINDOW);
  checkInteger('maxPoolRequests', options.maxPoolRequests, 1);
  checkInteger('maxPoolBytes', options.maxPoolBytes, options.maxRequestBytes);
  checkInteger('maxClockSkewMs', options.maxClockSkewMs, 0);
  checkInteger('maxRetainedBytes', options.maxRetainedBytes, 0);
  checkInteger('statusIntervalMs', options.statusIntervalMs, 1);
  return options;
}
