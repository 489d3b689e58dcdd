import { checkNumber, refuseUnknownKeys } from '@murmuration/core';

/** What the world does to those who live in it. Probabilities are for each message; times are virtual milliseconds. */
export interface Faults {
  /** @default 1 */
  readonly minDelayMs?: number;
  /** @default 10 */
  readonly maxDelayMs?: number;
  /** A message is lost. @default 0 */
  readonly loss?: number;
  /** It comes twice. Beyond what `MessagePort` allows: for code that claims to stand it. @default 0 */
  readonly duplication?: number;
  /** It may overtake others of its sender and topic. Beyond what `MessagePort` allows. @default 0 */
  readonly reordering?: number;
  /** A disk takes up to this long to make a write durable. @default 2 */
  readonly maxSyncMs?: number;
  /**
   * A loss of power leaves part of the first write that it interrupts, the last value cut short. The checksum of the
   * write tells: it is dropped whole, as if it had not begun. @default 0
   */
  readonly tornWrites?: number;
  /** Known bad: a disk without checksums gives out torn writes and rotten records as if they were whole. @default true */
  readonly checksums?: boolean;
  /** Wall clocks differ from true time by up to this much, either way. @default 0 */
  readonly maxSkewMs?: number;
  /** Clocks run fast or slow by up to this many parts per million. @default 0 */
  readonly maxDriftPpm?: number;
}

export type CheckedFaults = Required<Faults>;

const NONE: CheckedFaults = {
  minDelayMs: 1,
  maxDelayMs: 10,
  loss: 0,
  duplication: 0,
  reordering: 0,
  maxSyncMs: 2,
  tornWrites: 0,
  checksums: true,
  maxSkewMs: 0,
  maxDriftPpm: 0,
};

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkFaults(given: Faults): CheckedFaults {
  refuseUnknownKeys(given, Object.keys(NONE), 'faults');
  const faults = { ...NONE, ...given };
  checkNumber('minDelayMs', faults.minDelayMs, 0, 3_600_000);
  checkNumber('maxDelayMs', faults.maxDelayMs, faults.minDelayMs, 3_600_000);
  for (const name of ['loss', 'duplication', 'reordering', 'tornWrites'] as const)
    checkNumber(name, faults[name], 0, 1);
  checkNumber('maxSyncMs', faults.maxSyncMs, 0, 3_600_000);
  checkNumber('maxSkewMs', faults.maxSkewMs, 0, 10 ** 12);
  checkNumber('maxDriftPpm', faults.maxDriftPpm, 0, 100_000);
  return faults;
}
