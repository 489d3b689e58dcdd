import { settleTimer } from '../loop/timers.ts';
import { fetchMissing, sendStatus } from './catch-up.ts';
import { askOthers } from './own-key.ts';
import { giveUp, sendTimeout } from './pacemaker.ts';
import { hasWork, isReady } from './proposing.ts';
import { isLeaving, leaderOf, placeOf, type State, send, sendBytes } from './state.ts';
import { tellLock } from './views.ts';

/** The clock of the housekeeping: sending again, asking, answering budgets. */
export const TICK = 'hotstuff2-tick';
/** Work waits and the view decides nothing. */
const VIEW = 'hotstuff2-view';
/** Δ of the leader. */
const DELAY = 'hotstuff2-delay';

const TICKS_PER_TIMEOUT = 4;
/** An idle replica tells one other where it stands, every so many ticks. */
const STATUS_TICKS = 4;
const MAX_DOUBLINGS = 6;
/** Requests that wait for long and are brought to all again in one tick. */
const MAX_FORWARDED = 64;

export function startTick(state: State): void {
  const delayMs = Math.ceil(state.options.viewTimeoutMs / TICKS_PER_TIMEOUT);
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs });
}

/** Sets each timer for what it now waits for, and leaves alone one that already waits for it. */
export function settleTimers(state: State): void {
  const { view, height, options, failedViews } = state;
  const place = `${view} ${height}`;
  const working = hasWork(state);
  const timeoutMs = options.viewTimeoutMs * 2 ** Math.min(Math.max(0, failedViews - 1), MAX_DOUBLINGS);
  settleTimer(state, VIEW, working && !isLeaving(state) ? place : null, timeoutMs);
  const waits = working && leaderOf(state) === state.self && state.ownProposal === null && !isReady(state);
  settleTimer(state, DELAY, waits ? place : null, options.maxDelayMs);
}

export function onTimer(state: State, id: string): void {
  if (id === TICK) {
    tick(state);
    return;
  }
  const place = state.timers.get(id);
  if (place === undefined) return;
  state.timers.delete(id);
  if (place !== `${state.view} ${state.height}`) return;
  if (id === VIEW) giveUp(state, state.view);
  else state.ready = place;
}

function tick(state: State): void {
  state.ticks += 1;
  state.behind = 0;
  for (const peer of state.peers) {
    peer.answers = 0;
    peer.strikes = 0;
    peer.revivals = 0;
  }
  askOthers(state);
  if (isLeaving(state)) sendTimeout(state);
  const place = placeOf(state);
  if (place === state.placeAtTick && hasWork(state)) resend(state);
  state.placeAtTick = place;
  forward(state);
  fetchMissing(state);
  if (state.n > 1 && state.ticks % STATUS_TICKS === 0) {
    const to = (state.self + 1 + ((state.ticks / STATUS_TICKS) % (state.n - 1))) % state.n;
    sendStatus(state, to);
  }
  startTick(state);
}

/** Says the own last words again: lost messages must not stall anybody. */
function resend(state: State): void {
  const { ownProposal, prepared, ownVote, votes, votes2 } = state;
  const again = prepared ?? ownProposal;
  if (again !== null) {
    const heard = prepared === null ? votes : votes2;
    for (let to = 0; to < state.n; to++) if (to !== state.self && !heard.has(to)) sendBytes(state, to, again);
  } else if (ownVote !== null) sendBytes(state, leaderOf(state), ownVote.bytes);
  else if (state.view > 0) tellLock(state);
}

function forward(state: State): void {
  const due = state.pool.remind(state.ticks, MAX_FORWARDED, state.options.maxBatchBytes);
  if (due.length > 0) {
    send(state, 'all', { kind: 'requests', again: true, requests: due.map(({ bytes }) => bytes) });
  }
}
