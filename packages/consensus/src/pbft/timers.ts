import { proposeReady, waitsForCompany } from './proposing.ts';
import { isOver, type State } from './state.ts';
import { quorumLeft } from './view-change.ts';

/** The clock of the housekeeping: resending, asking, answering budgets. */
export const TICK = 'tick';
/** Work waits and nothing commits; or a new view does not come. */
export const PROGRESS = 'progress';
/** Others commit, but the oldest request here does not: a primary that leaves it out. */
const FAIRNESS = 'fairness';
const BATCH = 'batch';

/** The oldest request may be passed over for this many progress timeouts. */
const FAIRNESS_TIMEOUTS = 10;
/**
 * A timeout is this many timers in a row: a process that stood still finds what came meanwhile before the next
 * one fires, and does not take its own pause for the primary's.
 */
const TIMEOUT_PARTS = 4;
/** The timeout doubles this often at most. */
const MAX_DOUBLINGS = 6;

export function tickMs(state: State): number {
  return Math.ceil(state.options.progressTimeoutMs / 4);
}

/** Sets each timer for what it now waits for, and leaves alone one that already waits for it. */
export function settleTimers(state: State): void {
  const { batchDelayMs } = state.options;
  const oldest = state.pool.oldest()?.key;
  setFor(state, PROGRESS, progressOf(state), Math.ceil(progressDelayMs(state) / TIMEOUT_PARTS));
  const fairness = state.changing || isOver(state) || oldest === undefined ? null : `${state.view} ${oldest}`;
  setFor(state, FAIRNESS, fairness, FAIRNESS_TIMEOUTS * progressDelayMs(state));
  setFor(state, BATCH, waitsForCompany(state) ? 'waiting' : null, batchDelayMs);
}

/** @returns what the progress timer waits for, or null while there is nothing to wait for */
function progressOf(state: State): string | null {
  if (isOver(state)) return null;
  if (state.changing) return quorumLeft(state) ? `view ${state.view}` : null;
  return hasWork(state) ? `view ${state.view} commit ${state.committed + 1}` : null;
}

/** Two views may fail at the plain timeout: as many primaries of seven may be down in a row, and that is no slow network. */
const PATIENT_VIEWS = 2;

function progressDelayMs(state: State): number {
  const doublings = Math.min(Math.max(0, state.failedViews - PATIENT_VIEWS), MAX_DOUBLINGS);
  return state.options.progressTimeoutMs * 2 ** doublings;
}

/** Something is to be committed. Votes alone are not believed: any replica can send those. */
export function hasWork(state: State): boolean {
  if (state.last !== null) return state.committed < state.last;
  if (state.pool.size > 0 || (state.newView?.top ?? 0) > state.committed) return true;
  for (let height = state.committed + 1; height <= state.committed + state.options.window; height++) {
    const slot = state.slots.get(height);
    if (slot !== undefined && (slot.decided !== null || slot.rounds.get(state.view)?.proposal != null)) return true;
  }
  return false;
}

function setFor(state: State, id: string, wanted: string | null, delayMs: number): void {
  const set = state.timers.get(id) ?? null;
  if (wanted === set) return;
  if (wanted === null) {
    state.timers.delete(id);
    state.effects.push({ kind: 'cancelTimer', id });
    return;
  }
  state.timers.set(id, wanted);
  if (id === PROGRESS) state.progressParts = 0;
  state.effects.push({ kind: 'setTimer', id, delayMs });
}

/** Time is up for a batch, a primary or a view. */
export function onTimeout(state: State, id: string): void {
  if (!state.timers.has(id)) return;
  if (id === PROGRESS && ++state.progressParts < TIMEOUT_PARTS) {
    state.effects.push({ kind: 'setTimer', id, delayMs: Math.ceil(progressDelayMs(state) / TIMEOUT_PARTS) });
    return;
  }
  state.timers.delete(id);
  if (id === BATCH) state.batchDue = true;
  else state.abandon = true;
  if (id === BATCH) proposeReady(state);
}
