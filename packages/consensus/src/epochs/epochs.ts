import { MurmurError, unreachable } from '@murmuration/core';
import type { EngineRecord, Executed } from '../engine.ts';
import { EarlyMessages } from './early.ts';
import type { EpochsEffect, EpochsEvent, EpochsStatus } from './events.ts';
import { readJournal } from './journal.ts';
import { checkEpochsOptions, type EpochsOptions } from './options.ts';
import { OwnRequests } from './own-requests.ts';
import { onMessage } from './receiving.ts';
import { type EpochRun, readTimerId } from './run.ts';
import { type Change, type EpochsDeps, type State, stepEngine } from './state.ts';
import { checkTransition } from './transition.ts';
import { closePrevious, forgetPast, LINGER, openEpoch, turnOver } from './turnover.ts';

/** The engines of a chain whose replicas change, one for each epoch, behind one `step`. */
export interface Epochs {
  /** Takes one event. Effects are carried out in their order. @throws CONSENSUS_NOT_STARTED, CONSENSUS_RECONFIGURATION */
  step(event: EpochsEvent): readonly EpochsEffect[];
  readonly status: EpochsStatus;
}

/**
 * Runs one engine for each epoch. A change of replicas that the host's state machine decided is stepped as
 * `reconfigure`; once its last height is executed, and certified where the protocol makes checkpoints, the engine of
 * the next epoch takes over, and the old one answers laggards for a while. Every record, timer and message names its
 * epoch. After a jump over the end of an epoch the host steps the changes in between first, then `installed`.
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function createEpochs(deps: EpochsDeps, options: EpochsOptions = {}): Epochs {
  const state: State = {
    ...{ deps, options: checkEpochsOptions(options), early: new EarlyMessages(), own: new OwnRequests() },
    ...{ journal: { epochs: new Map(), closed: null }, current: null, previous: null, changes: [] },
    ...{ executed: { height: 0, stateDigest: new Uint8Array(32) }, nowMs: 0, hintedMs: 0, effects: [] },
  };
  return {
    step: (event) => {
      state.effects = [];
      state.nowMs = event.nowMs;
      if (event.kind === 'start') start(state, event.records, event.executed);
      else take(state, running(state, event.kind), event);
      turnOver(state);
      return state.effects;
    },
    get status() {
      return statusOf(state);
    },
  };
}

function running({ current }: State, kind: string): EpochRun {
  if (current !== null) return current;
  throw new MurmurError({
    code: 'CONSENSUS_NOT_STARTED',
    message: `the epochs got a ${kind} before their start`,
    remedy: 'step a start event with all persisted records first',
  });
}

function statusOf({ deps, current, previous, changes }: State): EpochsStatus {
  const { set, baseHeight } = current ?? deps.current;
  const [change] = changes;
  return {
    ...{ set, baseHeight, self: current?.self ?? null, engine: current?.engine?.status ?? null },
    ...{ lastHeight: change?.lastHeight ?? null, lingering: previous?.run.set.epoch ?? null },
  };
}

function start(state: State, records: readonly EngineRecord[], executed: Executed): void {
  if (state.current !== null) {
    throw new MurmurError({
      code: 'CONSENSUS_STARTED_TWICE',
      message: 'the epochs were started a second time',
      remedy: 'create them anew for every boot',
    });
  }
  state.journal = readJournal(records);
  state.executed = executed;
  forgetPast(state);
  const { set, baseHeight } = state.deps.current;
  openEpoch(state, set, baseHeight);
}

function take(state: State, current: EpochRun, event: Exclude<EpochsEvent, { kind: 'start' }>): void {
  switch (event.kind) {
    case 'message':
      onMessage(state, current, event.from, event.bytes);
      break;
    case 'propose':
      propose(state, current, event.request);
      break;
    case 'timer':
      onTimer(state, current, event.id);
      break;
    case 'executed':
    case 'installed':
      state.executed = { height: event.height, stateDigest: event.stateDigest };
      if (event.height <= (state.changes[0]?.lastHeight ?? event.height)) stepEngine(state, current, event);
      break;
    case 'reconfigure':
      reconfigure(state, current, event);
      break;
    default:
      unreachable(event);
  }
}

/** What comes too late for this epoch is for the next. */
function propose(state: State, current: EpochRun, request: Uint8Array): void {
  if (current.engine === null) {
    state.effects.push({ kind: 'refused', request, reason: 'not-a-voter' });
    return;
  }
  state.own.add(request);
  if (current.engine.status.height === state.changes[0]?.lastHeight) return;
  stepEngine(state, current, { kind: 'propose', nowMs: state.nowMs, request });
}

function onTimer(state: State, current: EpochRun, id: string): void {
  if (id === LINGER) {
    closePrevious(state);
    return;
  }
  const { epoch, timer } = readTimerId(id);
  const run = [current, state.previous?.run].find((one) => one?.set.epoch === epoch);
  if (run === undefined || !run.timers.delete(timer)) return;
  stepEngine(state, run, { kind: 'timer', nowMs: state.nowMs, id: timer });
}

/** A change that is known already, from before a crash or a jump, is passed over. */
function reconfigure(state: State, current: EpochRun, { next, lastHeight }: Change): void {
  const latest = state.changes.at(-1) ?? { next: current.set, lastHeight: current.baseHeight };
  if (next.epoch <= latest.next.epoch) return;
  const follows = next.epoch === latest.next.epoch + 1;
  const allowed = follows ? checkTransition(latest.next, next) : undefined;
  if (allowed?.ok === false) throw wrongChange(`${allowed.reason} (${allowed.detail ?? 'no detail'})`);
  if (lastHeight <= latest.lastHeight) throw wrongChange(`epoch ${next.epoch} would begin after height ${lastHeight}`);
  state.changes.push({ next, lastHeight });
  if (next.epoch !== current.set.epoch + 1 || lastHeight < state.executed.height) return;
  stepEngine(state, current, { kind: 'reconfigure', nowMs: state.nowMs, next, lastHeight });
}

function wrongChange(why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_RECONFIGURATION',
    message: `the replicas cannot change: ${why}`,
    remedy: 'let the state machine decide only changes that checkTransition allows, and step them in order',
  });
}
