import { settleTimer } from '../loop/timers.ts';
import { askAnother, forwardAgain, resend } from './catch-up.ts';
import { askOthers } from './own-key.ts';
import { isShared } from './rounds.ts';
import { currentRound, isOpen, isOver, type State, send } from './state.ts';

/** Time is up for a proposer. */
const ROUND = 'qbft-round';
/** The clock of the housekeeping: resending, asking, budgets. */
const TICK = 'qbft-tick';

/**
 * A timeout is this many timers in a row: a process that stood still finds what came meanwhile before the next one
 * fires, and does not take its own pause for the proposer's.
 */
const TIMEOUT_PARTS = 4;
/** The timeout doubles this often at most. */
const MAX_DOUBLINGS = 6;
/** Ticks in one place after which words are said again: a busy machine is no loss. */
const PATIENCE_TICKS = 2;

function partMs(state: State): number {
  return Math.ceil((state.options.roundTimeoutMs * 2 ** Math.min(state.round - 1, MAX_DOUBLINGS)) / TIMEOUT_PARTS);
}

export function tickMs(state: State): number {
  return Math.ceil(state.options.roundTimeoutMs / TIMEOUT_PARTS);
}

/** Something is to be decided at the open height. Votes alone are not believed: any replica can send those. */
function hasWork(state: State): boolean {
  if (!isOpen(state)) return false;
  return state.pool.size > 0 || state.last !== null || state.round > 1 || currentRound(state).payload !== null;
}

/**
 * The timer of the first round runs while there is work; that of a later one from when a quorum has come there, or its
 * proposal has: nobody runs ahead alone, and whoever is late finds the others waiting (Castro and Liskov, §4.5.2).
 */
export function settleTimers(state: State): void {
  const waits = hasWork(state) && (state.round === 1 || isShared(state) || currentRound(state).payload !== null);
  if (settleTimer(state, ROUND, waits ? `${state.height} ${state.round}` : null, partMs(state))) state.parts = 0;
}

export function startTicking(state: State): void {
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: tickMs(state) });
}

/** A timer of the host has fired. */
export function onTimer(state: State, id: string): void {
  if (id === TICK) tick(state);
  if (id !== ROUND || !state.timers.has(ROUND)) return;
  state.parts += 1;
  if (state.parts < TIMEOUT_PARTS) {
    state.effects.push({ kind: 'setTimer', id: ROUND, delayMs: partMs(state) });
    return;
  }
  state.timers.delete(ROUND);
  state.abandon = true;
}

function tick(state: State): void {
  state.ticks += 1;
  for (const peer of state.peers) {
    peer.answers = 0;
    peer.proofs = 0;
    peer.revivals = 0;
    peer.strikes = 0;
  }
  askOthers(state);
  const place = `${state.height} ${state.round}`;
  const late = state.later.size > 0 || state.height < state.floor;
  const still = place === state.placeAtTick && (hasWork(state) || late);
  state.placeAtTick = place;
  state.stillTicks = still ? state.stillTicks + 1 : 0;
  const stalled = state.stillTicks >= PATIENCE_TICKS;
  if (stalled && isOpen(state)) resend(state);
  if (!isOver(state)) forwardAgain(state);
  const statusTicks = Math.max(1, Math.round(state.options.statusIntervalMs / tickMs(state)));
  if (state.ahead !== null) send(state, state.ahead, { kind: 'fetch', height: state.height });
  else if (stalled || state.ticks % statusTicks === 0) askAnother(state);
  state.ahead = null;
  startTicking(state);
}
