import type { DeviceId } from '@murmuration/core';
import type { Engine, EngineEvent, Executed } from '../engine.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import type { EarlyMessages } from './early.ts';
import type { EpochsEffect } from './events.ts';
import type { EpochJournal } from './journal.ts';
import type { CheckedEpochsOptions } from './options.ts';
import type { OwnRequests } from './own-requests.ts';
import { type EpochRun, stepRun } from './run.ts';

export interface EpochsDeps {
  readonly device: DeviceId;
  /** The epoch of the height after the last one that the host has executed, as its state machine has it at the start. */
  readonly current: { readonly set: ReplicaSet; readonly baseHeight: number };
  /**
   * Makes the engine of an epoch in which this device is replica `self`, with the signer of the key that the set names
   * for it. Null where that key is not at hand: the device then follows. Called at most once for each epoch of a boot.
   */
  readonly open: (place: {
    readonly set: ReplicaSet;
    readonly self: number;
    readonly baseHeight: number;
  }) => Engine | null;
}

/** A change of replicas that is decided: heights above `lastHeight` belong to `next`. */
export interface Change {
  readonly next: ReplicaSet;
  readonly lastHeight: number;
}

export interface State {
  readonly deps: EpochsDeps;
  readonly options: CheckedEpochsOptions;
  readonly early: EarlyMessages;
  readonly own: OwnRequests;
  journal: EpochJournal;
  /** Null before the start. */
  current: EpochRun | null;
  /** The epoch before, whose engine still answers. */
  previous: { readonly run: EpochRun; readonly lastHeight: number } | null;
  /** Changes that are not in force, by epoch. */
  readonly changes: Change[];
  executed: Executed;
  nowMs: number;
  hintedMs: number;
  effects: EpochsEffect[];
}

/** Steps one epoch's engine, and notes which of the own requests are dealt with. */
export function stepEngine(state: State, run: EpochRun, event: EngineEvent): void {
  for (const effect of stepRun(run, event)) {
    if (effect.kind === 'commit') state.own.committed(effect.commit.payload);
    if (effect.kind === 'refused' && effect.request !== undefined && effect.reason !== 'already-pending') {
      state.own.remove(effect.request);
    }
    state.effects.push(effect);
  }
}

/** Somebody seems to be ahead. Only a peer's word, so not more often than `minHintMs`. */
export function hint(state: State, from: DeviceId, height = state.executed.height + 1): void {
  const { hintedMs, nowMs, options } = state;
  if (nowMs >= hintedMs && nowMs - hintedMs < options.minHintMs) return;
  state.hintedMs = nowMs;
  state.effects.push({ kind: 'behind', height, from });
}
