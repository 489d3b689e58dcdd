import { unreachable } from '@murmuration/core';
import type { Engine, EngineEffect, EngineEvent } from '../engine.ts';
import type { EpochPlace, EpochsEffect } from './events.ts';
import { encodeFrame } from './frame.ts';
import { type Closed, closedRecord, isEvidence, recordKey } from './journal.ts';

/** One epoch on one device. */
export interface EpochRun extends EpochPlace {
  /** Null where this device does not vote. */
  readonly engine: Engine | null;
  /** Keys of its records on disk, without the epoch. */
  readonly keys: Set<string>;
  readonly timers: Set<string>;
}

/** Steps the engine, and says its effects with devices for numbers and the epoch in every key, timer and message. */
export function stepRun(run: EpochRun, event: EngineEvent): readonly EpochsEffect[] {
  return run.engine === null ? [] : run.engine.step(event).flatMap((effect) => translate(run, effect));
}

function translate(run: EpochRun, effect: EngineEffect): EpochsEffect | readonly [] {
  const { set, self } = run;
  const { epoch } = set;
  switch (effect.kind) {
    case 'send': {
      const devices = set.replicas.map(({ device }) => device);
      const to = devices.filter((_, i) => i !== self && (effect.to === 'all' || effect.to === i));
      return { kind: 'send', to, bytes: encodeFrame(epoch, effect.bytes) };
    }
    case 'persist':
      if (effect.value === null) run.keys.delete(effect.key);
      else run.keys.add(effect.key);
      return { ...effect, key: recordKey(epoch, effect.key) };
    case 'setTimer':
      run.timers.add(effect.id);
      return { ...effect, id: timerId(epoch, effect.id) };
    case 'cancelTimer':
      run.timers.delete(effect.id);
      return { ...effect, id: timerId(epoch, effect.id) };
    case 'commit':
      return { ...effect, epoch };
    case 'evidence':
      return { ...effect, epoch };
    case 'stableCheckpoint':
      return { ...effect, epoch };
    case 'behind': {
      const from = set.replicas[effect.from]?.device;
      return from === undefined ? [] : { ...effect, from };
    }
    case 'refused': {
      const { from, ...rest } = effect;
      const device = from === undefined ? undefined : set.replicas[from]?.device;
      return device === undefined ? rest : { ...rest, from: device };
    }
    case 'diverged':
    case 'duplicated':
      return effect;
    default:
      return unreachable(effect);
  }
}

/**
 * The epoch is done with: first the durable word that it is, then its records go. So a device that lost blocks in a
 * crash never votes a second time on heights whose votes it has forgotten.
 */
export function closeRun(run: EpochRun, closed: Closed): readonly EpochsEffect[] {
  const timers = [...run.timers].map((id) => ({ kind: 'cancelTimer', id: timerId(run.set.epoch, id) }) as const);
  run.timers.clear();
  return [...timers, { kind: 'persist', ...closedRecord(closed) }, ...eraseRun(run)];
}

/** Its records go, but for evidence. */
export function eraseRun({ set, keys }: EpochRun): readonly EpochsEffect[] {
  const gone = [...keys].filter((key) => !isEvidence(key)).sort();
  return gone.map((key) => ({ kind: 'persist', key: recordKey(set.epoch, key), value: null, lazy: true }) as const);
}

function timerId(epoch: number, id: string): string {
  return `${epoch}/${id}`;
}

/** @returns the epoch and the engine's own id of a timer */
export function readTimerId(id: string): { readonly epoch: number; readonly timer: string } {
  const slash = id.indexOf('/');
  return { epoch: Number(id.slice(0, slash)), timer: id.slice(slash + 1) };
}
