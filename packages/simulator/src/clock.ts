import type { Clock, Random, Timer } from '@murmuration/core';
import { between, type Schedule } from './schedule.ts';

/** 2026-01-01T00:00:00Z: where virtual wall time begins, before skew. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** How far one node's clock is off. */
export interface ClockError {
  readonly skewMs: number;
  /** Milliseconds shown for each true one. */
  readonly rate: number;
}

export function drawClockError(schedule: Schedule, random: Random): ClockError {
  const { maxSkewMs, maxDriftPpm } = schedule.faults;
  return {
    skewMs: between(random, -maxSkewMs, maxSkewMs),
    rate: 1 + between(random, -maxDriftPpm, maxDriftPpm) / 1_000_000,
  };
}

/**
 * A clock over virtual time. Its timers die with `alive`: after a crash none of the former process fires.
 * @param name of the node, for the trace
 */
export function createClock(schedule: Schedule, name: string, error: ClockError, alive: () => boolean): Clock {
  return {
    nowMs: () => Math.floor(EPOCH_MS + error.skewMs + schedule.nowMs() * error.rate),
    monotonicMs: () => schedule.nowMs() * error.rate,
    setTimer: (delayMs: number, fire: () => void): Timer => {
      const undo = schedule.after(Math.max(0, delayMs) / error.rate, `timer ${name}`, () => {
        if (alive()) fire();
      });
      return { cancel: undo };
    },
  };
}
