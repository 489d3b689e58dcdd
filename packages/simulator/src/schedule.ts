import type { Random } from '@murmuration/core';
import type { CheckedFaults } from './faults.ts';
import type { Trace } from './trace.ts';

/** What the parts of a world share: its time, its chance, its faults, its trace. */
export interface Schedule {
  /** Virtual milliseconds since the world began. */
  nowMs(): number;
  /** Lets something happen `delayMs` from now. @returns what undoes it */
  after(delayMs: number, label: string, happen: () => void): () => void;
  /** The same for what is never undone. */
  later(delayMs: number, label: string, happen: () => void): void;
  /** Something that nobody awaits went wrong: the run ends with it. */
  fail(error: unknown): void;
  readonly random: Random;
  readonly faults: CheckedFaults;
  readonly trace: Trace;
}

/** A duration drawn evenly from [min, max]. */
export function between(random: Random, min: number, max: number): number {
  return min + random.unit() * (max - min);
}
