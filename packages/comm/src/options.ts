import { checkInteger, refuseUnknownKeys } from '@murmuration/core';

/** Plain data; every field has a default. */
export interface CommOptions {
  /** Multiaddrs to listen on; port 0 takes a free one. @default ['/ip4/127.0.0.1/tcp/0'] — reachable from this machine only */
  readonly listen?: readonly string[];
  /** Multiaddrs told to others in place of those listened on: behind a NAT or a proxy. @default [] */
  readonly announce?: readonly string[];
  /** Multiaddrs of devices to start from; one is enough. Our own among them does no harm. @default [] */
  readonly bootstrap?: readonly string[];
  /** Largest message, in bytes. @default 8 MiB — a model update with room to spare */
  readonly maxFrameBytes?: number;
  /**
   * What may wait to be sent to one peer, and what one peer may leave unfinished with us, in bytes.
   * All links together may hold as many times that.
   * @default 12 MiB — one largest message and half of another; six stuck peers cost 72 MiB
   */
  readonly maxQueueBytes?: number;
  /** @default 256 — requests of ours waiting for one peer */
  readonly maxOutstandingRequests?: number;
  /** @default 256 — requests of one peer in our handlers */
  readonly maxInboundRequests?: number;
  /** Peers linked at once. @default 64 — a full mesh of a small swarm; about 180 KiB each */
  readonly maxLinks?: number;
  /** Address records remembered. @default 512 — about 6 KiB each with their certificate */
  readonly maxRecords?: number;
  /** From connection to proven certificate, in milliseconds. @default 10_000 — a busy machine's handshake takes 1 s */
  readonly helloTimeoutMs?: number;
  /** Between round-trip probes of a link, in milliseconds. @default 3_000 */
  readonly pingIntervalMs?: number;
  /** A link whose probe stays unanswered this long is closed, in milliseconds. @default 15_000 — above the longest stall of a training device */
  readonly pingTimeoutMs?: number;
  /** First wait before dialling again, in milliseconds; doubles with each failure. @default 250 */
  readonly minBackoffMs?: number;
  /** Longest wait before dialling again, in milliseconds. @default 15_000 */
  readonly maxBackoffMs?: number;
}

export type CheckedCommOptions = Required<CommOptions>;

const MIB = 1024 * 1024;

const DEFAULTS: CheckedCommOptions = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  bootstrap: [],
  maxFrameBytes: 8 * MIB,
  maxQueueBytes: 12 * MIB,
  maxOutstandingRequests: 256,
  maxInboundRequests: 256,
  maxLinks: 64,
  maxRecords: 512,
  helloTimeoutMs: 10_000,
  pingIntervalMs: 3_000,
  pingTimeoutMs: 15_000,
  minBackoffMs: 250,
  maxBackoffMs: 15_000,
};

const DAY_MS = 86_400_000;

/** Every number, with the least and the most it may be. */
const RANGES = {
  maxFrameBytes: [64 * 1024, 1024 * MIB],
  maxQueueBytes: [64 * 1024, 1024 * MIB],
  maxOutstandingRequests: [1, 1_000_000],
  maxInboundRequests: [1, 1_000_000],
  maxLinks: [1, 10_000],
  maxRecords: [1, 1_000_000],
  helloTimeoutMs: [10, DAY_MS],
  pingIntervalMs: [10, DAY_MS],
  pingTimeoutMs: [10, DAY_MS],
  minBackoffMs: [1, DAY_MS],
  maxBackoffMs: [1, DAY_MS],
} as const;

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkCommOptions(given: CommOptions): CheckedCommOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'comm');
  const options = { ...DEFAULTS, ...given };
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    checkInteger(`comm.${name}`, options[name as keyof typeof RANGES], min, max);
  }
  checkInteger('comm.maxQueueBytes', options.maxQueueBytes, options.maxFrameBytes + 1024);
  return options;
}
